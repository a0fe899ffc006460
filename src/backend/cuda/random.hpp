// Random numbers made on the device by cuRAND, which is opened at run time: inputs of benchmarks.
#pragma once

#include <cuda.h>

#include <cstdint>

#include "backend/cuda/queue.hpp"

namespace gpu_host::cuda {

// `n` floats, uniform in (0, 1], by Philox: the same for the same seed. Returns once they are there;
// device_unavailable where there is no cuRAND that can be used.
[[nodiscard]] GpuResult<void> fill_uniform(Queue& queue, CUdeviceptr floats, std::uint64_t n, std::uint64_t seed);

}  // namespace gpu_host::cuda
