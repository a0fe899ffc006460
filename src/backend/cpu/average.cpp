#include <algorithm>

#include "backend/cpu/block_reduce.hpp"
#include "backend/cpu/kernels.hpp"
#include "backend/cpu/reduced_blocks.hpp"

namespace gpu_host::cpu {

GpuResult<void> average(Workers& workers, const AverageParams& params, std::span<const float> tree_predictions,
                        std::span<float> output) {
  const std::size_t n_trees = params.n_trees;
  const std::size_t n_samples = params.n_samples;
  if (n_trees <= kReduceBlock) {
    const std::size_t block = kReduceBlock / n_trees;
    const bool done = workers.for_blocks(n_samples, block, [&](std::size_t begin, std::size_t end) {
      row_means(tree_predictions.subspan(begin * n_trees), n_trees, output.subspan(begin, end - begin));
    });
    if (!done) return interrupted();
    return {};
  }
  for (std::size_t sample = 0; sample < n_samples; ++sample) {
    const auto total = summed_blocks(workers, tree_predictions.subspan(sample * n_trees, n_trees), sum);
    if (!total) return interrupted();
    output[sample] = static_cast<float>(*total / static_cast<double>(n_trees));
  }
  return {};
}

}  // namespace gpu_host::cpu
