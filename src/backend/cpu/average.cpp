#include "backend/cpu/kernels.hpp"
#include "backend/cpu/pairwise_sum.hpp"

namespace gpu_host::cpu {

GpuResult<void> average(Poll poll, const AverageParams& params, std::span<const float> tree_predictions,
                        std::span<float> output) {
  const std::size_t n_trees = params.n_trees;
  for (std::size_t sample = 0; sample < params.n_samples; ++sample) {
    const auto row = tree_predictions.subspan(sample * n_trees, n_trees);
    const double sum = pairwise_sum(poll, row, [](float x) { return static_cast<double>(x); });
    if (poll.stop(0)) return interrupted();
    output[sample] = static_cast<float>(sum / static_cast<double>(n_trees));
  }
  return {};
}

}  // namespace gpu_host::cpu
