// One value of all threads of a block.
#pragma once

#include "backend/cuda/kernels/types.hpp"

namespace gpu_host::cuda {

// combine over groups of `lanes` neighbours, a power of 2 up to 32: each lane gets its group's. All lanes of the warp
// call it.
template <class Combine>
__device__ __forceinline__ double combined_by_lanes(double value, u32 lanes, const Combine& combine) {
  for (u32 apart = lanes / 2; apart != 0; apart /= 2) {
    value = combine(value, __shfl_xor_sync(0xffffffffU, value, static_cast<int>(apart)));
  }
  return value;
}

// combine over a block of 256 threads, which all call it, once in a kernel. The first warp gets the result.
template <class Combine>
__device__ __forceinline__ double combined_by_block(double value, const Combine& combine) {
  __shared__ double of_warps[8];
  value = combined_by_lanes(value, 32, combine);
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = value;
  __syncthreads();
  return combined_by_lanes(of_warps[threadIdx.x % 8], 8, combine);
}

}  // namespace gpu_host::cuda
