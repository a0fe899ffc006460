// Times as options give them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace gpu_host::cli {

// "1s", "250ms", "1.5m", "10us", "2h", "5ns"; a bare number is seconds. Nothing for
// anything else: other units, negative numbers, more than 292 years.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}  // namespace gpu_host::cli
