#include "backend/cpu/forest/model_trees.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

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

// `magnitudes`: of each forest's leaves; empty where nobody asks for them.
// for_each(n, body): as of Workers.
template <class ForEach>
ModelTrees joined(std::span<ModelTrees> forests, TreesShape shape, std::span<Magnitudes> magnitudes, Workers& workers,
                  const ForEach& for_each) {
  ModelTrees made(std::move(shape));
  const TreesShape& of = made.shape;
  std::vector<std::uint32_t> first_trees = {0};
  first_trees.reserve(forests.size() + 1);
  for (const ModelTrees& forest : forests) first_trees.push_back(first_trees.back() + forest.shape.n_trees());
  std::vector<std::optional<LeafTargets>> leaf_targets;
  leaf_targets.reserve(forests.size());
  for (ModelTrees& forest : forests) leaf_targets.push_back(std::exchange(forest.leaf_targets, std::nullopt));
  for_each(forests.size(), [&](std::size_t f) {
    Poll poll = workers.poll();
    const ModelTrees forest = std::move(forests[f]);
    const std::uint64_t first_leaf = of.first_leaf(first_trees[f]);
    const auto first_value = static_cast<std::size_t>(first_leaf * of.n_outputs);
    const std::size_t n_values = forest.shape.n_leaves() * of.n_outputs;
    if (forest.leaf_classes) {
      std::copy_n(forest.leaf_classes.get(), n_values, made.leaf_classes.get() + first_value);
    }
    if (forest.leaf_values) std::copy_n(forest.leaf_values.get(), n_values, made.leaf_values.get() + first_value);
    for (std::uint64_t leaf = 0; of.weight_bytes > 0 && leaf < forest.shape.n_leaves() && !poll.stop(); ++leaf) {
      made.leaf_weights.set(first_leaf + leaf, forest.leaf_weights[leaf]);
    }
    const std::uint64_t first = of.offsets[first_trees[f]];
    if (magnitudes.empty() && of.is_inline() && made.nodes.are_as(forest.nodes)) {
      made.nodes.copy_from(first, forest.nodes, forest.shape.n_nodes());
      return;
    }
    forest.nodes.visit([&](const auto& from) {
      made.nodes.visit([&](const auto& to) {
        for (std::uint64_t i = 0; i < forest.shape.n_nodes() && !poll.stop(); ++i) {
          WalkNode node = from[i];
          if (node.feature == of.n_features) {
            if (!of.is_inline()) {
              node.value += static_cast<std::uint32_t>(first_leaf);
            } else if (!magnitudes.empty()) {
              magnitudes[f].add(std::bit_cast<float>(node.value));
            }
          }
          to.set(first + i, node);
        }
      });
    });
  });
  if (of.has_leaf_targets) {
    LeafTargets all;
    all.offsets.push_back(0);
    for (std::optional<LeafTargets>& of_forest : leaf_targets) {
      const LeafTargets part = *std::exchange(of_forest, std::nullopt);
      for (const std::uint64_t end : std::span(part.offsets).subspan(1))
        all.offsets.push_back(all.targets.size() + end);
      all.targets.insert(all.targets.end(), part.targets.begin(), part.targets.end());
      all.multiplicities.insert(all.multiplicities.end(), part.multiplicities.begin(), part.multiplicities.end());
    }
    made.leaf_targets = std::move(all);
  }
  return made;
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

TreesShape merged_shape(TreesShape none, std::span<const ModelTrees> forests) {
  TreesShape merged = std::move(none);
  for (const ModelTrees& forest : forests) {
    merged.has_leaf_targets = forest.leaf_targets.has_value();
    merged.weight_bytes = std::max(merged.weight_bytes, forest.shape.weight_bytes);
    const std::uint64_t first = merged.n_nodes();
    for (const std::uint64_t end : std::span(forest.shape.offsets).subspan(1)) merged.offsets.push_back(first + end);
  }
  return merged;
}

ModelTrees joined_small(std::span<ModelTrees> forests, TreesShape shape, Workers& workers) {
  // To wake other threads takes longer.
  return joined(forests, std::move(shape), {}, workers, [](std::size_t n, const auto& body) {
    for (std::size_t f = 0; f < n; ++f) body(f);
  });
}

ModelTrees merged(std::vector<ModelTrees> forests, TreesShape shape, Workers& workers) {
  std::vector<Magnitudes> magnitudes(forests.size());
  ModelTrees made = joined(forests, std::move(shape), magnitudes, workers,
                           [&](std::size_t n, const auto& body) { (void)workers.for_each(n, body); });
  if (made.leaf_targets) {
    Poll poll = workers.poll();
    made.leaf_targets->add_up(poll);
  }
  number_leaves(made, workers);
  put_on_grid(made, magnitudes, workers);
  return made;
}

}  // namespace gpu_host::cpu
