// The CPU backend's kernels, one file each. The seam (backend.hpp) says what
// they do and what was checked before; here buffers have become spans of all
// that they hold. Everything that sums does so in double, but for OpenBLAS. Long
// work polls, and ends with kernel_error "interrupted". What throws
// std::bad_alloc had no memory for threads or scratch space.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.hpp"
#include "backend/cpu/find_split_sums.hpp"
#include "backend/cpu/packed_forest.hpp"
#include "backend/cpu/parallel.hpp"
#include "backend/cpu/poll.hpp"
#include "forest/node.hpp"

namespace gpu_host::cpu {

[[nodiscard]] GpuResult<void> bootstrap_sample(Workers& workers, const BootstrapParams& params,
                                               std::span<std::uint32_t> output_indices);

// Kept by a stream, so that the many calls for small nodes allocate nothing. Its
// size is bounded by that of the indices: thresholds are taken in blocks.
struct FindSplitScratch {
  std::vector<RowGroup> groups;
  std::vector<LabelSums> sums;
  std::vector<std::uint32_t> order;  // positions of the block's thresholds, ascending
  std::vector<float> sorted;
};

[[nodiscard]] GpuResult<void> find_split(Workers& workers, FindSplitScratch& scratch, const FindSplitParams& params,
                                         std::uint64_t n_rows, std::span<const float> data,
                                         std::span<const float> labels, std::span<const std::uint32_t> indices,
                                         std::span<const float> thresholds, std::span<float> output_scores);

[[nodiscard]] GpuResult<void> average(Workers& workers, const AverageParams& params,
                                      std::span<const float> tree_predictions, std::span<float> output);

[[nodiscard]] GpuResult<void> matmul(Workers& workers, const MatmulParams& params, std::span<const float> a,
                                     std::span<const float> b, std::span<float> c);

// `input_b` is empty for unary operations.
[[nodiscard]] GpuResult<void> elementwise(Workers& workers, const ElementwiseParams& params,
                                          std::span<const float> input_a, std::span<const float> input_b,
                                          std::span<float> output);

[[nodiscard]] GpuResult<void> reduce(Workers& workers, const ReduceParams& params, std::span<const float> input,
                                     std::span<float> output);

[[nodiscard]] GpuResult<void> batch_predict(Workers& workers, PackedForest& packed, const BatchPredictParams& params,
                                            std::span<const float> samples, std::span<const forest::Node> tree_nodes,
                                            std::span<const std::uint32_t> tree_offsets, std::span<float> output);

}  // namespace gpu_host::cpu
