#include "backend/cuda/kernels/bootstrap_sample.hpp"

namespace gpu_host::cuda {
namespace {

// PCG-RXS-M-XS of 32 bits, used as a hash; fixed by the contract, bit for bit.
__device__ __forceinline__ u32 pcg(u32 x) {
  const u32 state = x * 747796405U + 2891336453U;
  const u32 word = ((state >> ((state >> 28U) + 4U)) ^ state) * 277803737U;
  return (word >> 22U) ^ word;
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256) draw_indices(DrawLaunch launch) {
  const u32 stream = pcg(launch.seed);
  const u32 vectors = launch.end / 4;
  const auto draw = [&](u32 i) { return __umulhi(pcg(stream + i), launch.max_index); };
  const u32 first = launch.first / 4 + blockIdx.x * (kDrawsPerBlock / 4) + threadIdx.x;
#pragma unroll
  for (u32 step = 0; step < kDrawsPerBlock / 4; step += 256) {
    const u32 vector = first + step;
    const u32 i = vector * 4;
    if (vector < vectors) {
      reinterpret_cast<uint4*>(launch.output)[vector] = make_uint4(draw(i), draw(i + 1), draw(i + 2), draw(i + 3));
    } else if (vector == vectors) {
      // What lies behind the last one is kept.
      for (u32 j = i; j < launch.end; ++j) launch.output[j] = draw(j);
    }
  }
}

}  // namespace gpu_host::cuda
