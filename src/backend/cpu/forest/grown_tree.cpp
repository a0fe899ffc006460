#include "backend/cpu/forest/grown_tree.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <numeric>
#include <utility>

#include "backend/cpu/forest/impurity.hpp"
#include "forest/packed_model.hpp"

namespace gpu_host::cpu {

namespace {

TreesShape shape_of_one(std::uint32_t n_nodes, std::uint32_t n_features, std::uint32_t n_classes,
                        std::uint32_t most_weight) {
  TreesShape shape = shape_of_none(n_features, n_classes);
  if (n_classes == 0) shape.weight_bytes = forest::bytes_for(most_weight);
  shape.offsets.push_back(n_nodes);
  return shape;
}

}  // namespace

TreesShape shape_of_none(std::uint32_t n_features, std::uint32_t n_classes) {
  const bool is_class = n_classes > 0;
  return {.n_features = n_features,
          .leaves = is_class ? LeafKind::classes : LeafKind::number,
          .n_outputs = is_class ? n_classes : 1,
          .weight_bytes = is_class ? std::uint8_t{0} : std::uint8_t{1},
          .offsets = {0}};
}

TreeWriter::TreeWriter(std::uint32_t n_nodes, std::uint32_t n_features, std::uint32_t n_classes,
                       std::uint32_t most_weight)
    : made_{ModelTrees(shape_of_one(n_nodes, n_features, n_classes, most_weight)), std::vector<double>(n_features)} {}

void TreeWriter::inner(std::uint32_t feature, float threshold, bool missing_left, double decrease) {
  made_.tree.nodes.visit(
      [&](const auto& nodes) { nodes.set(n_nodes_, {ordered_bits(threshold), feature, child_, missing_left}); });
  made_.importances[feature] += decrease;
  ++n_nodes_;
  child_ += 2;
}

void TreeWriter::leaf(float value, std::uint32_t weight, std::span<const std::uint32_t> classes) {
  ModelTrees& tree = made_.tree;
  auto kept = std::bit_cast<std::uint32_t>(value);
  if (classes.empty()) {
    tree.leaf_weights.set(n_leaves_, weight);
  } else {
    std::ranges::copy(classes, tree.leaf_classes.get() + std::size_t{n_leaves_} * classes.size());
    if (tree.shape.is_inline()) {
      kept = std::bit_cast<std::uint32_t>(probability(classes[1], weight));
    } else {
      kept = n_leaves_;
      std::ranges::transform(classes, tree.leaf_values.get() + std::size_t{n_leaves_} * classes.size(),
                             [weight](std::uint32_t of_class) { return probability(of_class, weight); });
    }
  }
  tree.nodes.visit([&](const auto& nodes) { nodes.set(n_nodes_, {kept, tree.shape.n_features, n_nodes_, false}); });
  ++n_nodes_;
  ++n_leaves_;
}

GrownTree TreeWriter::take() {
  std::vector<double>& importances = made_.importances;
  const double total = std::accumulate(importances.begin(), importances.end(), 0.0);
  if (total <= 0) importances = {};
  for (double& importance : importances) importance /= total;
  return std::move(made_);
}

GrownTree grown_tree(const forest::Tree& tree, std::uint32_t n_features, std::uint32_t n_classes) {
  std::uint32_t most_weight = 0;
  for (const forest::TreeNode& node : tree.nodes) {
    if (node.feature < 0) most_weight = std::max(most_weight, node.weight);
  }
  const auto sums = [&](std::uint32_t node) { return SumAndWeight{tree.sums[node], tree.nodes[node].weight}; };
  const auto classes = [&](std::uint32_t node) {
    return std::span(tree.counts).subspan(std::size_t{node} * n_classes, n_classes);
  };
  TreeWriter writer(static_cast<std::uint32_t>(tree.nodes.size()), n_features, n_classes, most_weight);
  for (std::uint32_t i = 0; i < tree.nodes.size(); ++i) {
    const forest::TreeNode& node = tree.nodes[i];
    if (node.feature < 0) {
      writer.leaf(n_classes == 0 ? tree.values[i] : 0, node.weight, classes(i));
    } else {
      writer.inner(static_cast<std::uint32_t>(node.feature), node.threshold, node.missing_left,
                   n_classes == 0 ? decrease_of_squares(sums(i), sums(node.left))
                                  : decrease_of_gini(classes(i), classes(node.left)));
    }
  }
  return writer.take();
}

}  // namespace gpu_host::cpu
