#include "backend/cuda/kernels/elementwise.hpp"

namespace gpu_host::cuda {
namespace {

constexpr u32 kVectors = kElementsPerBlock / 4 / 256;  // of each thread, 256 apart

// op(a, b), or op(a, a). Each thread reads what it writes over itself, and first, so that memory stays busy.
template <bool is_binary, class Op>
__device__ __forceinline__ void apply(const ElementwiseLaunch& launch, const Op& op) {
  const u32 vectors = launch.end / 4;
  const u32 first = launch.first / 4 + blockIdx.x * (kElementsPerBlock / 4) + threadIdx.x;
  float4 a[kVectors] = {};
  float4 b[kVectors] = {};
#pragma unroll
  for (u32 j = 0; j < kVectors; ++j) {
    const u32 i = first + j * 256;
    if (i < vectors) a[j] = reinterpret_cast<const float4*>(launch.a)[i];
    if (is_binary && i < vectors) b[j] = reinterpret_cast<const float4*>(launch.b)[i];
  }
#pragma unroll
  for (u32 j = 0; j < kVectors; ++j) {
    const u32 i = first + j * 256;
    const float4 x = a[j];
    const float4 y = is_binary ? b[j] : x;
    if (i < vectors) {
      reinterpret_cast<float4*>(launch.output)[i] = make_float4(op(x.x, y.x), op(x.y, y.y), op(x.z, y.z), op(x.w, y.w));
    } else if (i == vectors) {
      // What lies behind the last one is kept.
      for (u32 k = i * 4; k < launch.end; ++k) {
        launch.output[k] = op(launch.a[k], is_binary ? launch.b[k] : launch.a[k]);
      }
    }
  }
}

}  // namespace

// The cases are in the order of ElementwiseOp.
extern "C" __global__ void __launch_bounds__(256) elementwise_apply(ElementwiseLaunch launch) {
  switch (launch.op) {
    case 0:  // NaN is not below 0 and stays
      return apply<false>(launch, [](float x, float) { return x < 0.0F ? 0.0F : x; });
    case 1:  // 1 / infinity is the limit 0
      return apply<false>(launch, [](float x, float) { return 1.0F / (1.0F + expf(-x)); });
    case 2:
      return apply<false>(launch, [](float x, float) { return tanhf(x); });
    case 3:
      return apply<true>(launch, [](float x, float y) { return x + y; });
    case 4:
      return apply<true>(launch, [](float x, float y) { return x * y; });
    case 5:
      return apply<false>(launch, [](float x, float) { return sqrtf(x); });
    case 6:
      return apply<false>(launch, [](float x, float) { return expf(x); });
    default:
      return apply<false>(launch, [](float x, float) { return logf(x); });
  }
}

}  // namespace gpu_host::cuda
