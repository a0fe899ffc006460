// Numbers at the edges.
#pragma once

#include <cstdint>
#include <limits>

namespace gpu_host::conformance {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kLargest = std::numeric_limits<float>::max();
inline constexpr std::uint32_t kHuge = std::numeric_limits<std::uint32_t>::max();

}  // namespace gpu_host::conformance
