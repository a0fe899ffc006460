#include "backend/cpu/forest/importances.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace gpu_host::cpu {

std::vector<double> importances(const forest::Tree& tree, std::uint32_t n_features, std::uint32_t n_classes) {
  std::vector<double> all(n_features, 0.0);
  const std::size_t n_sums = std::max(1U, n_classes);
  const auto sum = [&](std::size_t node, std::size_t i) {
    return n_classes == 0 ? static_cast<double>(tree.sums[node])
                          : static_cast<double>(tree.counts[node * n_classes + i]);
  };
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    const forest::TreeNode& node = tree.nodes[i];
    if (node.feature < 0) continue;
    const double weight = node.weight;
    const double left = tree.nodes[node.left].weight;
    const double right = tree.nodes[node.left + 1].weight;
    double squares = 0;
    for (std::size_t c = 0; c < n_sums; ++c) {
      const double distance = sum(node.left, c) - left * (sum(i, c) / weight);
      squares += distance * distance;
    }
    all[static_cast<std::size_t>(node.feature)] += squares * (weight / (left * right));
  }
  const double total = std::accumulate(all.begin(), all.end(), 0.0);
  if (total <= 0) return {};
  for (double& importance : all) importance /= total;
  return all;
}

}  // namespace gpu_host::cpu
