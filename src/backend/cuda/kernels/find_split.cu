// Scores thresholds on the rows of a node:
//   score = squares - left^2 / left's count - right^2 / right's count
// in double, of labels less a shift near their mean, so that nothing cancels that matters.
#include "backend/cuda/kernels/find_split.hpp"

namespace gpu_host::cuda {
namespace {

constexpr u32 kThreads = 256;
constexpr u32 kShiftRows = 16;
// Thresholds that a block of threads combines: the threads of each share the blocks of rows.
constexpr u32 kCombined = 8;
constexpr u32 kInfinityBits = 0x7f800000U;
constexpr u32 kNanBits = 0x7fc00000U;

struct alignas(16) Row {
  double label;  // shifted
  float x;
};

struct Left {
  double sum;
  u32 count;
};

__device__ float score(double n, const LabelSums& all, double left_count, double left_sum) {
  const double right_count = n - left_count;
  if (left_count == 0 || right_count == 0) return __uint_as_float(kInfinityBits);
  const double right_sum = all.sum - left_sum;
  const double value = all.squares - left_sum * left_sum / left_count - right_sum * right_sum / right_count;
  return value < 0 ? 0.0F : static_cast<float>(value);  // rounding only; NaN stays
}

// The mean label of the first rows, so that it is the same for all blocks. Bad indices
// are found later.
__device__ double label_shift(const SumBlocks& p) {
  __shared__ double firsts[kShiftRows];
  const u32 n = min(p.n, kShiftRows);
  if (threadIdx.x < n) {
    const u32 row = p.indices[threadIdx.x];
    firsts[threadIdx.x] = row < p.n_rows ? static_cast<double>(p.labels[row]) : 0.0;
  }
  __syncthreads();
  double sum = 0;
  for (u32 i = 0; i < n; ++i) sum += firsts[i];
  return sum / n;
}

__device__ Row load_row(const SumBlocks& p, u32 position, double shift) {
  const u32 row = p.indices[position];
  if (row >= p.n_rows) {
    report_error(p.errors, ReportKind::bad_row, position, row, p.n_rows);
    return {0, __uint_as_float(kNanBits)};
  }
  return {static_cast<double>(p.labels[row]) - shift, p.column[u64{row} * p.n_features]};
}

// The sum over the threads that have the same threshold: 1 << width_log2 of them lie side
// by side. For the first of these.
__device__ Left add_up_left(Left mine, u32 width) {
  __shared__ double sums[kThreads];
  __shared__ u32 counts[kThreads];
  const u32 thread = threadIdx.x;
  for (u32 half = kThreads / 2; half >= width; half /= 2) {
    sums[thread] = mine.sum;
    counts[thread] = mine.count;
    __syncthreads();
    if (thread < half) {
      mine.sum += sums[thread + half];
      mine.count += counts[thread + half];
    }
    __syncthreads();
  }
  return mine;
}

// For all threads.
__device__ LabelSums add_up_all(const LabelSums& mine) {
  __shared__ LabelSums alls[kThreads];
  const u32 thread = threadIdx.x;
  alls[thread] = mine;
  for (u32 half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (thread < half) {
      alls[thread].sum += alls[thread + half].sum;
      alls[thread].squares += alls[thread + half].squares;
    }
  }
  __syncthreads();
  return alls[0];
}

}  // namespace

// Takes a block of rows in tiles: the threads load a tile, then each runs over some of its
// rows for one threshold.
extern "C" __global__ void __launch_bounds__(kThreads) sum_blocks(SumBlocks p) {
  __shared__ Row tile[kThreads];
  const u32 thread = threadIdx.x;
  const double shift = label_shift(p);
  const u32 width = 1U << p.width_log2;
  const u32 threshold = (blockIdx.y << p.width_log2) + (thread & (width - 1));
  const bool has_threshold = threshold < p.n_thresholds;
  const float limit = has_threshold ? p.thresholds[threshold] : __uint_as_float(kNanBits);

  LabelSums all{0, 0};
  Left left{0, 0};
  const u32 block = p.first_block + blockIdx.x;
  const u64 end = min((u64{block} + 1) * p.block, u64{p.n});
  for (u64 begin = u64{block} * p.block; begin < end; begin += kThreads) {
    const u32 n = static_cast<u32>(min(end - begin, u64{kThreads}));
    __syncthreads();  // the tile before is done with
    if (thread < n) {
      const Row row = load_row(p, static_cast<u32>(begin) + thread, shift);
      all.sum += row.label;
      all.squares += row.label * row.label;
      tile[thread] = row;
    }
    __syncthreads();
#pragma unroll 4
    for (u32 i = thread >> p.width_log2; i < n; i += kThreads >> p.width_log2) {
      const Row row = tile[i];
      if (row.x <= limit) {  // not where either is NaN
        left.sum += row.label;
        ++left.count;
      }
    }
  }

  all = add_up_all(all);
  left = add_up_left(left, width);
  if (thread == 0 && blockIdx.y == 0 && p.blocks.alls != nullptr) p.blocks.alls[block] = all;
  if (thread >= width || !has_threshold) return;
  if (p.scores != nullptr) {
    p.scores[threshold] = score(p.n, all, left.count, left.sum);
    return;
  }
  const u64 at = u64{block} * p.n_thresholds + threshold;
  p.blocks.sums[at] = left.sum;
  p.blocks.counts[at] = left.count;
}

extern "C" __global__ void __launch_bounds__(kThreads) combine(Combine p) {
  const u32 thread = threadIdx.x;
  LabelSums all{0, 0};
  for (u32 block = thread; block < p.n_blocks; block += kThreads) {
    const LabelSums some = p.blocks.alls[block];
    all.sum += some.sum;
    all.squares += some.squares;
  }
  all = add_up_all(all);

  const u32 threshold = blockIdx.x * kCombined + thread % kCombined;
  const bool has_threshold = threshold < p.n_thresholds;
  Left left{0, 0};
  if (has_threshold) {
#pragma unroll 4
    for (u32 block = thread / kCombined; block < p.n_blocks; block += kThreads / kCombined) {
      const u64 at = u64{block} * p.n_thresholds + threshold;
      left.sum += p.blocks.sums[at];
      left.count += p.blocks.counts[at];
    }
  }
  left = add_up_left(left, kCombined);
  if (thread < kCombined && has_threshold) p.scores[threshold] = score(p.n, all, left.count, left.sum);
}

}  // namespace gpu_host::cuda
