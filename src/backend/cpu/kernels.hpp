// The CPU backend's kernels, one file each: plain loops, right before fast. The
// seam (backend.hpp) says what they do and what was checked before; here buffers
// have become spans of all that they hold. Everything that sums does so in
// double. Long loops poll, and end with kernel_error "interrupted".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cpu/poll.hpp"
#include "forest/node.hpp"

namespace gpu_host::cpu {

[[nodiscard]] GpuResult<void> bootstrap_sample(Poll poll, const BootstrapParams& params,
                                               std::span<std::uint32_t> output_indices);

// Kept by a stream, so that the many calls for small nodes allocate nothing. Its
// size is bounded: thresholds are taken in blocks.
struct FindSplitScratch {
  // The rows between two thresholds. Labels are taken relative to the node's mean.
  struct Bucket {
    double sum;
    double sum_of_squares;
    std::uint64_t count;
  };
  std::vector<Bucket> buckets;
  std::vector<std::uint32_t> order;  // positions of the block's thresholds, ascending
  std::vector<float> sorted;
};

[[nodiscard]] GpuResult<void> find_split(Poll poll, FindSplitScratch& scratch, const FindSplitParams& params,
                                         std::uint64_t n_rows, std::span<const float> data,
                                         std::span<const float> labels, std::span<const std::uint32_t> indices,
                                         std::span<const float> thresholds, std::span<float> output_scores);

[[nodiscard]] GpuResult<void> average(Poll poll, const AverageParams& params, std::span<const float> tree_predictions,
                                      std::span<float> output);

// Two tiles of fixed size, allocated by the first call.
struct MatmulScratch {
  std::vector<double> b_tile;
  std::vector<double> sums;
};

[[nodiscard]] GpuResult<void> matmul(Poll poll, MatmulScratch& scratch, const MatmulParams& params,
                                     std::span<const float> a, std::span<const float> b, std::span<float> c);

// `input_b` is empty for unary operations.
[[nodiscard]] GpuResult<void> elementwise(Poll poll, const ElementwiseParams& params, std::span<const float> input_a,
                                          std::span<const float> input_b, std::span<float> output);

[[nodiscard]] GpuResult<void> reduce(Poll poll, const ReduceParams& params, std::span<const float> input,
                                     std::span<float> output);

[[nodiscard]] GpuResult<void> batch_predict(Poll poll, const BatchPredictParams& params, std::span<const float> samples,
                                            std::span<const forest::Node> tree_nodes,
                                            std::span<const std::uint32_t> tree_offsets, std::span<float> output);

}  // namespace gpu_host::cpu
