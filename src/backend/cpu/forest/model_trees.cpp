#include "backend/cpu/forest/model_trees.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "forest/packed_model.hpp"

namespace gpu_host::cpu {
namespace {

// Calls body(value) for the numbers of leaves of trees, several at a time, and puts its result in their place.
template <class Body>
void replace_leaf_values(ModelTrees& trees, Workers& workers, const Body& body) {
  const TreesShape& shape = trees.shape;
  (void)workers.for_each(shape.n_trees(), [&](std::size_t tree) {
    Poll poll = workers.poll();
    if (!shape.is_inline()) {
      const std::uint64_t end = shape.first_leaf(tree + 1) * shape.n_outputs;
      for (std::uint64_t i = shape.first_leaf(tree) * shape.n_outputs; i < end && !poll.stop(); ++i) {
        trees.leaf_values[i] = body(trees.leaf_values[i]);
      }
      return;
    }
    trees.nodes.visit([&](const auto& nodes) {
      for (std::uint64_t at = shape.offsets[tree]; at < shape.offsets[tree + 1] && !poll.stop(); ++at) {
        WalkNode node = nodes[at];
        if (node.feature != shape.n_features) continue;
        node.value = std::bit_cast<std::uint32_t>(body(std::bit_cast<float>(node.value)));
        nodes.set(at, node);
      }
    });
  });
}

}  // namespace

void LeafTargets::add_up(Poll& poll) {
  sums.resize(targets.size());
  for (std::size_t leaf = 0; leaf + 1 < offsets.size() && !poll.stop(offsets[leaf + 1] - offsets[leaf]); ++leaf) {
    std::uint64_t weight = 0;
    for (std::uint64_t i = offsets[leaf]; i < offsets[leaf + 1]; ++i) weight += multiplicities[i];
    std::uint64_t sum = 0;
    for (std::uint64_t i = offsets[leaf]; i < offsets[leaf + 1]; ++i) {
      // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): each is 1 or more, and here is one.
      sums[i] = sum += (std::uint64_t{multiplicities[i]} << 32U) / weight;
    }
  }
}

std::uint32_t TreesShape::most_of_a_tree() const {
  std::uint64_t most = 0;
  for (std::size_t tree = 0; tree + 1 < offsets.size(); ++tree) {
    most = std::max(most, offsets[tree + 1] - offsets[tree]);
  }
  return static_cast<std::uint32_t>(most);
}

ModelTree model_tree(const forest::Tree& tree, std::uint32_t n_classes) {
  ModelTree model;
  model.nodes.reserve(tree.nodes.size());
  if (n_classes > 0) model.leaf_classes.reserve((tree.nodes.size() / 2 + 1) * n_classes);
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    const forest::TreeNode& node = tree.nodes[i];
    if (node.feature >= 0) {
      model.nodes.push_back(
          {node.feature, node.threshold, node.left, node.left + (node.missing_left ? 0 : 1), node.weight});
      continue;
    }
    model.nodes.push_back({-1, n_classes == 0 ? tree.values[i] : 0, 0, 0, node.weight});
    const auto classes = tree.counts.begin() + static_cast<std::ptrdiff_t>(i * n_classes);
    model.leaf_classes.insert(model.leaf_classes.end(), classes, classes + n_classes);
  }
  return model;
}

ModelTrees::ModelTrees(TreesShape of)
    : shape(std::move(of)), nodes(shape.n_nodes(), shape.most_of_a_tree(), shape.n_features) {
  const std::size_t n_values = shape.n_leaves() * shape.n_outputs;
  leaf_weights = NarrowNumbers(shape.n_leaves(), shape.weight_bytes);
  if (!shape.is_inline()) leaf_values = LargeArray<float>(n_values);
  if (shape.has_weights && shape.leaves == LeafKind::classes) {
    leaf_classes = LargeArray<std::uint32_t>(n_values);
  }
}

std::uint64_t ModelTrees::bytes(const TreesShape& shape) {
  const std::uint64_t values = shape.n_leaves() * shape.n_outputs * sizeof(float);
  const bool keeps_classes = shape.has_weights && shape.leaves == LeafKind::classes;
  return WalkNodes::bytes(shape.n_nodes(), shape.most_of_a_tree(), shape.n_features) +
         shape.offsets.size() * (sizeof(std::uint64_t) + sizeof(std::uint32_t)) + shape.n_outputs * sizeof(double) +
         shape.n_leaves() * shape.weight_bytes + (shape.is_inline() ? 0 : values) + (keeps_classes ? values : 0) +
         (shape.has_leaf_targets ? shape.n_nodes() * sizeof(std::uint32_t) : 0);
}

std::expected<std::vector<std::uint32_t>, Overweight> node_weights(const ModelTrees& trees, std::size_t tree,
                                                                   Poll& poll) {
  const TreesShape& shape = trees.shape;
  const std::uint64_t first = shape.offsets[tree];
  std::vector<std::uint32_t> weights(shape.offsets[tree + 1] - first);
  std::optional<Overweight> too_much;
  trees.nodes.visit([&](const auto& nodes) {
    std::uint64_t leaf = shape.first_leaf(tree + 1);
    for (auto i = static_cast<std::uint32_t>(weights.size()); i-- > 0;) {
      if (poll.stop(shape.tree_numbers())) return;
      const WalkNode node = nodes[first + i];
      std::uint64_t weight = 0;
      if (node.feature != shape.n_features) {
        weight = std::uint64_t{weights[node.child]} + weights[node.child + 1];
      } else if (shape.leaves == LeafKind::classes) {
        --leaf;
        for (std::uint32_t c = 0; c < shape.n_outputs; ++c) weight += trees.leaf_classes[leaf * shape.n_outputs + c];
      } else {
        weight = trees.leaf_weights[--leaf];
      }
      weights[i] = static_cast<std::uint32_t>(weight);
      if (weight != weights[i]) {
        too_much = {i, weight};
        return;
      }
    }
  });
  if (too_much) return std::unexpected(*too_much);
  return weights;
}

void number_leaves(ModelTrees& trees, Workers& workers) {
  const TreesShape& shape = trees.shape;
  if (!shape.has_leaf_targets) return;
  trees.leaf_numbers.resize(shape.n_nodes());
  (void)workers.for_each(shape.n_trees(), [&](std::size_t tree) {
    auto leaf = static_cast<std::uint32_t>(shape.first_leaf(tree));
    Poll poll = workers.poll();
    trees.nodes.visit([&](const auto& nodes) {
      for (std::uint64_t at = shape.offsets[tree]; at < shape.offsets[tree + 1] && !poll.stop(); ++at) {
        if (nodes[at].feature == shape.n_features) trees.leaf_numbers[at] = leaf++;
      }
    });
  });
}

void put_on_grid(ModelTrees& trees, std::span<const Magnitudes> magnitudes, Workers& workers) {
  if (trees.shape.leaves == LeafKind::classes) return;  // they are
  Magnitudes leaves;
  for (const Magnitudes& tree : magnitudes) leaves.add(tree);
  auto most = static_cast<double>(leaves.most());
  for (const double base : trees.base) most = std::max(most, std::abs(base));
  if (most == 0) return;
  int exponent = 0;
  if (std::frexp(most, &exponent) == 0.5) --exponent;
  const double grid = std::ldexp(1.0, exponent + static_cast<int>(std::bit_width(trees.shape.n_trees())) - 52);
  if (grid == 0) return;  // below what an f64 can be: they are
  for (double& base : trees.base) {
    constexpr double kMost = std::numeric_limits<double>::max();
    base = std::clamp(std::nearbyint(base / grid) * grid, -kMost, kMost);
  }
  // An f32 has 24 bits.
  if (leaves.most() == 0 || static_cast<double>(leaves.least()) >= grid * 0x1p24) return;
  replace_leaf_values(trees, workers, [grid](float value) {
    return static_cast<float>(std::nearbyint(static_cast<double>(value) / grid) * grid);
  });
}

ModelTrees grown_trees(std::vector<ModelTree> trees, std::uint32_t n_features, std::uint32_t n_classes,
                       Workers& workers) {
  TreesShape shape{.n_features = n_features,
                   .leaves = n_classes == 0 ? LeafKind::number : LeafKind::classes,
                   .n_outputs = std::max(1U, n_classes),
                   .has_leaf_targets = !trees.empty() && trees.front().leaf_targets.has_value(),
                   .offsets = {0}};
  if (n_classes == 0) {
    std::uint32_t most = 0;
    for (const ModelTree& tree : trees) {
      for (const ModelTree::Node& node : tree.nodes) {
        if (node.feature < 0) most = std::max(most, node.weight);
      }
    }
    shape.weight_bytes = forest::bytes_for(most);
  }
  shape.offsets.reserve(trees.size() + 1);
  for (const ModelTree& tree : trees) shape.offsets.push_back(shape.n_nodes() + tree.nodes.size());
  ModelTrees made(std::move(shape));
  const TreesShape& of = made.shape;
  std::vector<Magnitudes> magnitudes(trees.size());
  (void)workers.for_each(trees.size(), [&](std::size_t t) {
    Poll poll = workers.poll();
    ModelTree tree = std::exchange(trees[t], {});
    if (of.has_leaf_targets) trees[t].leaf_targets = std::move(tree.leaf_targets);
    std::uint64_t leaf = of.first_leaf(t);
    std::ranges::copy(tree.leaf_classes, made.leaf_classes.get() + leaf * n_classes);
    made.nodes.visit([&](const auto& nodes) {
      for (std::uint32_t i = 0; i < tree.nodes.size(); ++i) {
        if (poll.stop(of.tree_numbers())) return;
        const ModelTree::Node& node = tree.nodes[i];
        const std::uint64_t at = of.offsets[t] + i;
        if (node.feature >= 0) {
          nodes.set(at, {ordered_bits(node.value), static_cast<std::uint32_t>(node.feature), node.left,
                         node.missing == node.left});
          continue;
        }
        auto value = std::bit_cast<std::uint32_t>(node.value);
        magnitudes[t].add(node.value);
        if (n_classes == 0) made.leaf_weights.set(leaf, node.weight);
        if (n_classes == 2) {
          value = std::bit_cast<std::uint32_t>(probability(made.leaf_classes[leaf * 2 + 1], node.weight));
        } else if (n_classes > 0) {
          value = static_cast<std::uint32_t>(leaf);
          for (std::uint64_t c = leaf * n_classes; c < (leaf + 1) * n_classes; ++c) {
            made.leaf_values[c] = probability(made.leaf_classes[c], node.weight);
          }
        }
        nodes.set(at, {value, n_features, i, false});
        ++leaf;
      }
    });
  });
  if (of.has_leaf_targets) {
    LeafTargets all;
    all.offsets.push_back(0);
    for (ModelTree& tree : trees) {
      const LeafTargets part = *std::exchange(tree.leaf_targets, std::nullopt);
      for (const std::uint64_t end : std::span(part.offsets).subspan(1))
        all.offsets.push_back(all.targets.size() + end);
      all.targets.insert(all.targets.end(), part.targets.begin(), part.targets.end());
      all.multiplicities.insert(all.multiplicities.end(), part.multiplicities.begin(), part.multiplicities.end());
    }
    Poll poll = workers.poll();
    all.add_up(poll);
    made.leaf_targets = std::move(all);
  }
  number_leaves(made, workers);
  put_on_grid(made, magnitudes, workers);
  return made;
}

}  // namespace gpu_host::cpu
