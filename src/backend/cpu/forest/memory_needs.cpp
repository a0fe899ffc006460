#include "backend/cpu/forest/memory_needs.hpp"

#include <algorithm>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/node_rows.hpp"
#include "forest/model.hpp"

namespace gpu_host::cpu {

std::uint64_t bytes_of_search(const DataSet& data, const forest::Parameters& parameters) {
  constexpr std::uint64_t kBins = 256;
  constexpr std::uint64_t kFineBins = 4 * kBins;
  const std::uint64_t n_tried = parameters.max_features == 0 ? data.n_features() : parameters.max_features;
  const std::uint64_t bin = data.n_classes() > 2 ? (data.n_classes() + 8) * sizeof(std::uint32_t) : 16;
  return (n_tried * kBins + kFineBins) * bin;
}

std::uint64_t bytes_of_grower(const DataSet& data, const forest::Parameters& parameters) {
  constexpr std::uint64_t kGrownNode = 40;  // as it is grown, in vectors that may be half empty, and kept
  constexpr std::uint64_t kSmallRow = 48;
  const std::uint64_t rows = std::min(data.n_rows(), parameters.n_draws.value_or(data.n_rows()));
  const std::uint64_t most_leaves = std::max<std::uint64_t>(1, rows / parameters.min_samples_leaf);
  const std::uint64_t most_nodes = std::min(2 * most_leaves, std::uint64_t{2} << std::min(parameters.max_depth, 40U));
  const std::uint64_t classes = 2 * sizeof(std::uint32_t) * std::uint64_t{data.n_classes() + 1};
  return bytes_of_search(data, parameters) + kMostSmallRows * (2 * std::uint64_t{data.n_features()} + kSmallRow) +
         data.n_rows() * sizeof(std::uint32_t) + rows * 2 * sizeof(BagRow) + most_nodes * (kGrownNode + classes);
}

}  // namespace gpu_host::cpu
