#include "backend/cuda/kernels/average.hpp"

#include "backend/cuda/kernels/block_combine.cuh"

namespace gpu_host::cuda {
namespace {

constexpr u32 kBatch = 4;   // vectors that a lane reads at a time, so that memory stays busy,
constexpr u32 kBlocks = 5;  // with registers for all of them

struct Sum {
  __device__ double operator()(double a, double b) const { return a + b; }
};

// What this of `lanes` lanes adds up of elements [first, first + n): every `lanes`th vector.
__device__ __forceinline__ double sum_of_lane(const float* input, u64 first, u32 n, u32 lane, u32 lanes) {
  const float4* const vectors = reinterpret_cast<const float4*>(input) + first / 4;
  // Elements begin and end inside vectors; what is not theirs counts as 0.
  const u32 skipped = static_cast<u32>(first % 4);
  const u32 last = (skipped + n - 1) / 4;
  const auto kept = [&](float x, u32 place) { return static_cast<double>(place - skipped < n ? x : 0.0F); };
  double sums[4] = {};
  for (u32 i = lane; i <= last; i += kBatch * lanes) {
    float4 values[kBatch];
#pragma unroll
    for (u32 j = 0; j < kBatch; ++j) values[j] = __ldg(&vectors[min(i + j * lanes, last)]);
#pragma unroll
    for (u32 j = 0; j < kBatch; ++j) {
      const u32 place = (i + j * lanes) * 4;
      sums[0] += kept(values[j].x, place);
      sums[1] += kept(values[j].y, place + 1);
      sums[2] += kept(values[j].z, place + 2);
      sums[3] += kept(values[j].w, place + 3);
    }
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

extern "C" __global__ void __launch_bounds__(256, kBlocks) average_rows(AverageRowsLaunch launch) {
  const u32 lane = threadIdx.x % launch.lanes;
  const u64 row = launch.first + u64{blockIdx.x} * (256 / launch.lanes) + threadIdx.x / launch.lanes;
  const bool is_row = row < launch.end;
  double sum = 0;
  if (is_row) sum = sum_of_lane(launch.input, row * launch.n_trees, launch.n_trees, lane, launch.lanes);
  sum = combined_by_lanes(sum, launch.lanes, Sum());
  if (is_row && lane == 0) launch.output[row] = static_cast<float>(sum / launch.n_trees);
}

extern "C" __global__ void __launch_bounds__(256, kBlocks) average_parts(AveragePartsLaunch launch) {
  const u64 part = launch.first + blockIdx.x;
  const u64 row = part / launch.parts_per_row;
  const u32 begin = static_cast<u32>(part % launch.parts_per_row) * launch.part_size;
  const u32 n = min(launch.part_size, launch.n_trees - begin);
  const double sum = sum_of_lane(launch.input, row * launch.n_trees + begin, n, threadIdx.x, 256);
  const double sum_of_part = combined_by_block(sum, Sum());
  if (threadIdx.x == 0) launch.parts[part] = sum_of_part;
}

extern "C" __global__ void __launch_bounds__(256) average_of_parts(AverageOfPartsLaunch launch) {
  const u32 lane = threadIdx.x % 32;
  const u64 row = launch.first + u64{blockIdx.x} * 8 + threadIdx.x / 32;
  double sum = 0;
  if (row < launch.end) {
    const double* const parts = launch.parts + row * launch.parts_per_row;
    for (u32 i = lane; i < launch.parts_per_row; i += 32) sum += parts[i];
  }
  sum = combined_by_lanes(sum, 32, Sum());
  if (row < launch.end && lane == 0) launch.output[row] = static_cast<float>(sum / launch.n_trees);
}

}  // namespace gpu_host::cuda
