// --stats
#pragma once

#include <span>
#include <string>

#include "gpu_host/stats.hpp"

namespace gpu_host::cli {

// An aligned table in units for people, one line per function.
[[nodiscard]] std::string stats_table(std::span<const FunctionStats> functions);

// The same as one line of JSON: bytes, and times in nanoseconds.
[[nodiscard]] std::string stats_json(std::span<const FunctionStats> functions);

}  // namespace gpu_host::cli
