#include "backend/cuda/kernels/reduce.hpp"

#include "backend/cuda/kernels/block_combine.cuh"

namespace gpu_host::cuda {
namespace {

constexpr u32 kVectors = kReduceTile / 4 / 256;  // of each thread, 256 apart

struct Sum {
  __device__ static double nothing() { return 0; }
  __device__ double operator()(double a, double b) const { return a + b; }
  __device__ double term(float x) const { return x; }
};

struct Deviations : Sum {
  double mean;
  __device__ explicit Deviations(double mean_of_all) : mean(mean_of_all) {}
  __device__ double term(float x) const { return (x - mean) * (x - mean); }
};

// A NaN is not preferred by the comparison, so it is asked for.
struct Max : Sum {
  __device__ static double nothing() { return __uint_as_float(0xff800000U); }  // -infinity
  __device__ double operator()(double a, double b) const { return a > b || a != a ? a : b; }
};

struct Min : Sum {
  __device__ static double nothing() { return __uint_as_float(0x7f800000U); }
  __device__ double operator()(double a, double b) const { return a < b || a != a ? a : b; }
};

template <class Op>
__device__ __forceinline__ void make_part(const ReducePartsLaunch& launch, const Op& op) {
  const float4* const input = reinterpret_cast<const float4*>(launch.input);
  const u32 vectors = launch.end / 4;
  double totals[4] = {Op::nothing(), Op::nothing(), Op::nothing(), Op::nothing()};
  const auto add = [&totals, &op](const float4& vector) {
    totals[0] = op(totals[0], op.term(vector.x));
    totals[1] = op(totals[1], op.term(vector.y));
    totals[2] = op(totals[2], op.term(vector.z));
    totals[3] = op(totals[3], op.term(vector.w));
  };
  for (u32 i = launch.first / 4 + blockIdx.x * (kReduceTile / 4) + threadIdx.x; i < vectors;
       i += gridDim.x * (kReduceTile / 4)) {
    if (i + (kVectors - 1) * 256 >= vectors) {
      for (u32 j = i; j < vectors; j += 256) add(__ldg(&input[j]));
      break;
    }
    // All are read first, so that memory stays busy: without a condition between, and with registers for all.
    float4 values[kVectors];
#pragma unroll
    for (u32 j = 0; j < kVectors; ++j) values[j] = __ldg(&input[i + j * 256]);
#pragma unroll
    for (u32 j = 0; j < kVectors; ++j) add(values[j]);
  }
  // Only the last launch can have elements behind the last vector.
  const u32 last = vectors * 4 + threadIdx.x;
  if (blockIdx.x == 0 && last < launch.end) totals[0] = op(totals[0], op.term(launch.input[last]));

  const double total = combined_by_block(op(op(totals[0], totals[1]), op(totals[2], totals[3])), op);
  if (threadIdx.x != 0) return;
  double& part = launch.parts[blockIdx.x];
  part = launch.is_first != 0 ? total : op(part, total);
}

template <class Op>
__device__ __forceinline__ double combined_parts(const ReduceResultLaunch& launch, const Op& op) {
  double total = Op::nothing();
  for (u32 i = threadIdx.x; i < launch.n_parts; i += 256) total = op(total, launch.parts[i]);
  return combined_by_block(total, op);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256, 4) reduce_parts(ReducePartsLaunch launch) {
  switch (launch.combination) {
    case Combination::sum:
      return make_part(launch, Sum());
    case Combination::max:
      return make_part(launch, Max());
    case Combination::min:
      return make_part(launch, Min());
    case Combination::deviations:
      return make_part(launch, Deviations(*launch.mean));
  }
}

extern "C" __global__ void __launch_bounds__(256) reduce_result(ReduceResultLaunch launch) {
  double total = 0;
  switch (launch.combination) {
    case Combination::max:
      total = combined_parts(launch, Max());
      break;
    case Combination::min:
      total = combined_parts(launch, Min());
      break;
    case Combination::sum:
    case Combination::deviations:
      total = combined_parts(launch, Sum());
      break;
  }
  if (threadIdx.x != 0) return;
  const double result = total / launch.divisor;
  if (launch.output != nullptr) {
    *launch.output = static_cast<float>(result);
  } else {
    *launch.mean = result;
  }
}

}  // namespace gpu_host::cuda
