// Sizes as options give them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace gpu_host::cli {

// Bytes: "65536", "64K", "1M", "2G"; K, M and G are powers of 1024. Nothing for
// anything else: other units, fractions, signs, more than 64 bits hold.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace gpu_host::cli
