#include "backend/cpu/forest/importances.hpp"

#include <cstddef>
#include <numeric>
#include <span>

#include "backend/cpu/forest/impurity.hpp"

namespace gpu_host::cpu {

std::vector<double> importances(const forest::Tree& tree, std::uint32_t n_features, std::uint32_t n_classes) {
  std::vector<double> all(n_features, 0.0);
  const auto sums = [&](std::uint32_t node) { return SumAndWeight{tree.sums[node], tree.nodes[node].weight}; };
  const auto classes = [&](std::uint32_t node) {
    return std::span(tree.counts).subspan(std::size_t{node} * n_classes, n_classes);
  };
  for (std::uint32_t i = 0; i < tree.nodes.size(); ++i) {
    const forest::TreeNode& node = tree.nodes[i];
    if (node.feature < 0) continue;
    all[static_cast<std::size_t>(node.feature)] += n_classes == 0 ? decrease_of_squares(sums(i), sums(node.left))
                                                                  : decrease_of_gini(classes(i), classes(node.left));
  }
  const double total = std::accumulate(all.begin(), all.end(), 0.0);
  if (total <= 0) return {};
  for (double& importance : all) importance /= total;
  return all;
}

}  // namespace gpu_host::cpu
