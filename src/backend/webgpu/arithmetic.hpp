// Sizes of launches.
#pragma once

#include <cstdint>

namespace gpu_host::webgpu {

[[nodiscard]] constexpr std::uint64_t divide_up(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

// For what is known to fit the 32 bits that shaders count in.
[[nodiscard]] constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

}  // namespace gpu_host::webgpu
