// What NVIDIA's libraries say when the device failed is vague: the driver knows better.
#pragma once

#include <expected>
#include <utility>

#include "backend/cuda/queue.hpp"

namespace gpu_host::cuda {

// What a library's failed call on the queue's stream ends with: the driver's error where the stream has one, else
// the library's.
[[nodiscard]] inline std::unexpected<GpuError> library_failure(Queue& queue, GpuError error) {
  const CUresult state = driver().StreamQuery(queue.stream());
  if (state != CUDA_ERROR_NOT_READY) {
    if (auto checked = queue.gpu().check(state, "StreamQuery"); !checked) return std::unexpected(checked.error());
  }
  return std::unexpected(std::move(error));
}

}  // namespace gpu_host::cuda
