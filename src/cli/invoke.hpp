// --invoke: a function's arguments and results as text.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "gpu_host/instance.hpp"

namespace gpu_host::cli {

// The texts as values of the parameters' types; else what is wrong and which. Integers
// may be signed or unsigned.
[[nodiscard]] std::expected<std::vector<Value>, std::string> parse_arguments(std::span<const Value> parameters,
                                                                             std::span<const std::string> texts);

// Integers are signed; of floats the shortest text that gives the same value.
[[nodiscard]] std::string to_text(const Value& value);

}  // namespace gpu_host::cli
