// How work is cut into launches.
#pragma once

#include <algorithm>
#include <cstdint>

#include "backend/gpu_error.hpp"

namespace gpu_host::cuda {

// launch(begin, end) for pieces of [0, count): each as many whole units as `most` items hold, at least one.
template <class Launch>
[[nodiscard]] GpuResult<void> for_pieces(std::uint64_t count, std::uint64_t unit, std::uint64_t most,
                                         const Launch& launch) {
  const std::uint64_t step = std::max<std::uint64_t>(most / unit, 1) * unit;
  for (std::uint64_t begin = 0; begin < count; begin += step) {
    auto launched = launch(begin, std::min(begin + step, count));
    if (!launched) return launched;
  }
  return {};
}

}  // namespace gpu_host::cuda
