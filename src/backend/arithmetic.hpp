// Sizes of launches.
#pragma once

#include <cstdint>

namespace gpu_host {

[[nodiscard]] constexpr std::uint64_t divide_up(std::uint64_t value, std::uint64_t by) {
  return value / by + (value % by != 0 ? 1 : 0);
}

// For what is known to fit 32 bits.
[[nodiscard]] constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

}  // namespace gpu_host
