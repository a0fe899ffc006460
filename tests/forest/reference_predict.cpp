#include "forest/reference_predict.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "forest/refusals.hpp"

namespace gpu_host::forest_test {
namespace {

__extension__ using Wide = __int128;

// The grid of a forest: its unit, or 1 where all is 0.
double unit_of(const Forest& forest) {
  double most = 0;
  const auto see = [&](double value) { most = std::max(most, std::abs(value)); };
  if (forest.leaves == LeafKind::classes) return 0x1p-24;
  for (const ModelNode& node : forest.nodes) {
    if (node.feature < 0 && forest.leaves == LeafKind::number) see(static_cast<double>(node.value));
  }
  for (const float value : forest.vectors) see(static_cast<double>(value));
  for (const double value : forest.base) see(value);
  return most == 0 ? 1 : forest_reference::grid(most, static_cast<std::uint32_t>(forest.n_trees()));
}

// How many units it is.
std::int64_t units(double value, double unit) {
  return static_cast<std::int64_t>(std::rint(static_cast<long double>(value) / static_cast<long double>(unit)));
}

// Of each node of the forest, which leaf it is.
std::vector<std::size_t> leaf_numbers(const Forest& forest) {
  std::vector<std::size_t> numbers;
  std::size_t n = 0;
  for (const ModelNode& node : forest.nodes) numbers.push_back(node.feature < 0 ? n++ : 0);
  return numbers;
}

std::uint32_t leaf_of(std::span<const ModelNode> tree, std::span<const float> row) {
  std::uint32_t at = 0;
  while (tree[at].feature >= 0) {
    const float value = row[static_cast<std::size_t>(tree[at].feature)];
    if (std::isnan(value)) {
      at = tree[at].missing;
    } else {
      at = value <= tree[at].value ? tree[at].left : tree[at].left + 1;
    }
  }
  return at;
}

std::span<const ModelNode> tree_of(const Forest& forest, std::size_t tree) {
  return std::span(forest.nodes).subspan(forest.offsets[tree], forest.offsets[tree + 1] - forest.offsets[tree]);
}

// What the leaf says, in units: one number, or all outputs.
std::vector<std::int64_t> says(const Forest& forest, double unit, const ModelNode& node, std::size_t leaf) {
  std::vector<std::int64_t> numbers;
  const std::size_t n = forest.n_outputs;
  if (forest.leaves == LeafKind::number) {
    numbers.push_back(units(static_cast<double>(node.value), unit));
  } else if (forest.leaves == LeafKind::vector) {
    for (std::size_t k = 0; k < n; ++k)
      numbers.push_back(units(static_cast<double>(forest.vectors[leaf * n + k]), unit));
  } else {
    Wide weight = 0;
    for (std::size_t k = 0; k < n; ++k) weight += forest.classes[leaf * n + k];
    for (std::size_t k = 0; k < n; ++k) {
      const Wide own = (Wide{forest.classes[leaf * n + k]} << 25U) + weight;
      numbers.push_back(static_cast<std::int64_t>(own / (2 * weight)));
    }
    if (n == 2) numbers[0] = (std::int64_t{1} << 24U) - numbers[1];
  }
  return numbers;
}

// Calls take(row, tree, node, leaf): the node's number in its tree, and the leaf's in the forest.
template <class Take>
void for_leaves(const Forest& forest, const Rows& rows, const Take& take) {
  const std::vector<std::size_t> numbers = leaf_numbers(forest);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t tree = 0; tree < forest.n_trees(); ++tree) {
      const std::uint32_t node = leaf_of(tree_of(forest, tree), rows.row(row));
      take(row, tree, node, numbers[forest.offsets[tree] + node]);
    }
  }
}

template <class T>
void expect_bits(const char* what, const std::vector<T>& expected, const std::vector<T>& own) {
  ASSERT_EQ(own.size(), expected.size()) << what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(own[i]), std::bit_cast<std::uint32_t>(expected[i]))
        << what << " " << i << " of " << expected.size() << ": " << own[i] << ", not " << expected[i];
  }
}

// Of leaves of classes what these weigh; of other nodes what their leaves do.
void add_up_weights(Forest& forest) {
  std::size_t leaf = 0;
  for (ModelNode& node : forest.nodes) {
    if (node.feature >= 0) continue;
    if (forest.leaves == LeafKind::classes) node.weight = 0;
    for (std::size_t k = 0; k < forest.n_outputs && forest.leaves == LeafKind::classes; ++k) {
      node.weight += forest.classes[leaf * forest.n_outputs + k];
    }
    ++leaf;
  }
  for (std::size_t tree = forest.n_trees(); tree-- > 0;) {
    for (std::uint64_t at = forest.offsets[tree + 1]; at-- > forest.offsets[tree];) {
      ModelNode& node = forest.nodes[at];
      if (node.feature < 0) continue;
      const std::uint64_t left = forest.offsets[tree] + node.left;
      node.weight = forest.nodes[left].weight + forest.nodes[left + 1].weight;
    }
  }
}

float plain_zero(float value) { return value + 0.0F; }

}  // namespace

void Forest::add_tree(const std::vector<ModelNode>& tree) {
  nodes.insert(nodes.end(), tree.begin(), tree.end());
  offsets.push_back(nodes.size());
}

Forest as_model(Forest forest) {
  const double unit = unit_of(forest);
  const auto moved = [&](double value) { return forest_reference::on_grid(value, unit); };
  for (ModelNode& node : forest.nodes) {
    if (node.feature >= 0) {
      node.value = plain_zero(node.value);
    } else if (forest.leaves == LeafKind::number) {
      node.value = static_cast<float>(moved(static_cast<double>(node.value)));
    }
  }
  for (float& value : forest.vectors) value = static_cast<float>(moved(static_cast<double>(value)));
  for (double& value : forest.base) value = moved(value);
  add_up_weights(forest);
  return forest;
}

std::vector<std::uint32_t> reference_leaves(const Forest& forest, const Rows& rows) {
  std::vector<std::uint32_t> all;
  for_leaves(forest, rows, [&](auto, auto, std::uint32_t node, auto) { all.push_back(node); });
  return all;
}

std::vector<float> reference_trees(const Forest& forest, const Rows& rows) {
  const Forest own = as_model(forest);
  const double unit = unit_of(own);
  std::vector<float> all;
  for_leaves(own, rows, [&](auto, std::size_t tree, std::uint32_t node, std::size_t leaf) {
    const ModelNode& reached = tree_of(own, tree)[node];
    // Of numbers that are not made here: their sign too, where they are 0.
    if (own.leaves == LeafKind::number) return all.push_back(reached.value);
    for (std::size_t k = 0; k < own.n_outputs && own.leaves == LeafKind::vector; ++k) {
      all.push_back(own.vectors[leaf * own.n_outputs + k]);
    }
    if (own.leaves == LeafKind::vector) return;
    for (const std::int64_t number : says(own, unit, reached, leaf)) {
      all.push_back(static_cast<float>(static_cast<double>(number) * unit));
    }
  });
  return all;
}

std::vector<float> reference_outputs(const Forest& forest, const Rows& rows) {
  const double unit = unit_of(forest);
  const std::size_t n_outputs = forest.n_outputs;
  std::vector<Wide> sums(rows.size() * n_outputs, 0);
  std::vector<std::int64_t> n_trees(n_outputs, 0);
  for (std::size_t tree = 0; tree < forest.n_trees(); ++tree) {
    for (std::size_t k = 0; k < n_outputs; ++k) {
      const bool adds =
          forest.leaves != LeafKind::number || (forest.tree_outputs.empty() ? k == 0 : forest.tree_outputs[tree] == k);
      n_trees[k] += adds ? 1 : 0;
    }
  }
  for_leaves(forest, rows, [&](std::size_t row, std::size_t tree, std::uint32_t node, std::size_t leaf) {
    const auto numbers = says(forest, unit, tree_of(forest, tree)[node], leaf);
    const std::size_t first = numbers.size() == 1 && !forest.tree_outputs.empty() ? forest.tree_outputs[tree] : 0;
    for (std::size_t k = 0; k < numbers.size(); ++k) sums[row * n_outputs + first + k] += numbers[k];
  });
  std::vector<float> all;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const std::size_t k = i % n_outputs;
    const Wide base = forest.base.empty() ? 0 : units(forest.base[k], unit);
    const bool is_mean = forest.average && n_trees[k] > 0;  // of no trees: the base
    const Wide sum = is_mean ? sums[i] + n_trees[k] * base : sums[i] + base;
    const double exact = static_cast<double>(sum) * unit;
    EXPECT_LE(sum < 0 ? -sum : sum, Wide{1} << 53U);
    all.push_back(static_cast<float>(is_mean ? exact / static_cast<double>(n_trees[k]) : exact));
  }
  return all;
}

float some_value(Dice& dice) {
  constexpr float kLeastNormal = std::numeric_limits<float>::min();
  constexpr float kSubnormal = std::numeric_limits<float>::denorm_min();
  constexpr float kLargest = std::numeric_limits<float>::max();
  const float sign = dice.one_in(2) ? 1.0F : -1.0F;
  switch (dice.number(0, 9)) {
    case 0:
      return sign * 0.0F;
    case 1:
      return dice.one_in(3) ? sign * kInfinity : sign * kLargest;
    case 2:
      return sign * kSubnormal * static_cast<float>(dice.number(1, 3));
    case 3:
      return sign * (dice.one_in(2) ? kLeastNormal : std::nextafter(kLeastNormal, 0.0F));
    case 4:
      return sign * static_cast<float>(dice.fraction());
    default:
      return sign * static_cast<float>(dice.number(0, 8)) / 4;
  }
}

float some_number(Dice& dice) {
  const float sign = dice.one_in(2) ? 1.0F : -1.0F;
  if (dice.one_in(12)) return sign * 0.0F;
  return sign *
         static_cast<float>((1 + dice.fraction()) * std::ldexp(1.0, static_cast<int>(dice.number(0, 252)) - 126));
}

std::vector<ModelNode> some_tree(Dice& dice, std::uint32_t n_features, std::uint32_t n_nodes, Growth growth) {
  std::vector<ModelNode> nodes;
  std::uint32_t child = 1;
  for (std::uint32_t i = 0; i < n_nodes; ++i) {
    // One that is not the last that can still have children may be a leaf.
    const bool is_last = i + 1 == child;
    const bool is_inner = growth == Growth::chain ? i == 0 || i % 2 == 1 : !dice.one_in(3);
    ModelNode node;
    if (child < n_nodes && (is_last || is_inner)) {
      node.feature = static_cast<std::int32_t>(dice.number(0, n_features - 1));
      node.value = some_value(dice);
      node.left = child;
      node.missing = child + dice.number(0, 1);
      child += 2;
    }
    nodes.push_back(node);
  }
  return nodes;
}

Forest some_forest(Dice& dice, std::uint32_t most_trees, std::uint32_t most_nodes) {
  Forest forest;
  forest.n_features = dice.number(1, dice.one_in(3) ? 300 : 6);
  const std::uint32_t kind = dice.number(0, 3);
  forest.leaves = kind < 2 ? LeafKind::number : kind == 2 ? LeafKind::classes : LeafKind::vector;
  const bool has_classes = forest.leaves == LeafKind::classes;
  if (kind == 1) forest.n_outputs = dice.number(1, 5);
  if (kind == 2) forest.n_outputs = dice.one_in(3) ? 2 : dice.one_in(9) ? 256 : dice.number(2, 9);
  if (kind == 3) forest.n_outputs = dice.one_in(9) ? 300 : dice.number(1, 4);
  forest.average = has_classes || dice.one_in(2);
  const std::uint32_t n_trees = dice.number(1, most_trees);
  for (std::uint32_t tree = 0; tree < n_trees; ++tree) {
    forest.add_tree(some_tree(dice, forest.n_features, 2 * dice.number(0, most_nodes / 2) + 1));
    if (kind == 1) forest.tree_outputs.push_back(dice.number(0, forest.n_outputs - 1));
  }
  const bool is_large = dice.one_in(2);  // of all magnitudes
  const auto number = [&] { return is_large ? some_number(dice) : static_cast<float>(dice.fraction() * 2 - 1); };
  if (!has_classes && dice.one_in(2)) {
    for (std::uint32_t k = 0; k < forest.n_outputs; ++k) forest.base.push_back(static_cast<double>(number()) * 0.7);
  }
  const bool has_weights = dice.one_in(2);
  for (ModelNode& node : forest.nodes) {
    if (node.feature >= 0) continue;
    if (forest.leaves == LeafKind::number) node.value = number();
    if (has_weights) node.weight = dice.number(0, 1000);
    for (std::uint32_t k = 0; k < forest.n_outputs && forest.leaves == LeafKind::vector; ++k) {
      forest.vectors.push_back(number());
    }
    const std::uint32_t most = dice.one_in(4) ? 40'000 : dice.number(1, 9);
    for (std::uint32_t k = 0; k < forest.n_outputs && has_classes; ++k) {
      forest.classes.push_back(k == 0 || dice.one_in(2) ? dice.number(k == 0 ? 1 : 0, most) : 0);
    }
  }
  return forest;
}

Forest grown_forest(const Trees& trees, std::uint32_t n_features, std::uint32_t n_classes) {
  return {.n_features = n_features,
          .leaves = n_classes == 0 ? LeafKind::number : LeafKind::classes,
          .n_outputs = std::max(1U, n_classes),
          .average = true,
          .offsets = trees.offsets,
          .nodes = trees.nodes,
          .classes = trees.leaf_classes};
}

Rows some_rows(Dice& dice, const Forest& forest, std::uint32_t n_rows) {
  std::vector<std::vector<float>> thresholds(forest.n_features);
  for (const ModelNode& node : forest.nodes) {
    if (node.feature >= 0) thresholds[static_cast<std::size_t>(node.feature)].push_back(node.value);
  }
  Rows rows{.n_features = forest.n_features};
  const bool has_missing = dice.one_in(2);
  for (std::uint32_t i = 0; i < n_rows; ++i) {
    for (const std::vector<float>& own : thresholds) {
      float value = some_value(dice);
      const auto n = static_cast<std::uint32_t>(own.size());
      if (n > 0 && dice.one_in(2)) value = own[dice.number(0, n - 1)];
      if (dice.one_in(8)) value = std::nextafter(value, dice.one_in(2) ? kInfinity : -kInfinity);
      if (has_missing && dice.one_in(6)) value = dice.one_in(2) ? kNan : -kNan;
      rows.values.push_back(value);
    }
  }
  return rows;
}

wasi_gpu::ModelParams place(Tenant& tenant, const Forest& forest) {
  wasi_gpu::ModelParams params{.n_features = forest.n_features,
                               .leaves = forest.leaves,
                               .n_outputs = forest.n_outputs,
                               .average = forest.average,
                               .base = forest.base,
                               .tree_offsets = forest.offsets,
                               .tree_outputs = forest.tree_outputs,
                               .nodes = buffer_of(tenant, forest.nodes),
                               .nodes_offset = 0,
                               .leaf_values = std::nullopt};
  if (forest.leaves == LeafKind::classes) params.leaf_values = {buffer_of(tenant, forest.classes), 0};
  if (forest.leaves == LeafKind::vector) params.leaf_values = {buffer_of(tenant, forest.vectors), 0};
  return params;
}

ResourceHandle create(Tenant& tenant, const Forest& forest) {
  const wasi_gpu::ModelParams params = place(tenant, forest);
  const ResourceHandle model = must(wasi_gpu::model_create(tenant.session(), params));
  tenant.destroy(params.nodes);
  if (params.leaf_values) tenant.destroy(params.leaf_values->buffer);
  return model;
}

BufferId share_rows(Tenant& tenant, const Rows& rows) {
  return buffer_of(tenant, rows.values.empty() ? std::vector<float>(1) : rows.values);  // no buffer has no bytes
}

Predictions predict(Tenant& tenant, ResourceHandle model, const Table& table) {
  const ForestShape shape = must(wasi_gpu::model_shape(tenant.session(), model));
  const auto n_elements = [&](ForestPrediction what) { return table.n_rows * prediction_elements(shape, what); };
  const auto made = [&]<class T>(ForestPrediction what, T) {
    return written<T>(tenant, n_elements(what), [&](BufferId to) {
      return wasi_gpu::model_predict(tenant.session(), model, table, what, to, 0);
    });
  };
  return {made(ForestPrediction::outputs, 0.0F), made(ForestPrediction::trees, 0.0F),
          made(ForestPrediction::leaves, std::uint32_t{0})};
}

Predictions predict(Tenant& tenant, ResourceHandle model, const Rows& rows) {
  const BufferId buffer = share_rows(tenant, rows);
  Predictions made = predict(tenant, model, table_of(buffer, rows.size(), static_cast<std::uint32_t>(rows.n_features)));
  tenant.destroy(buffer);
  return made;
}

void expect_predictions(const Forest& forest, const Rows& rows, const Predictions& made) {
  ASSERT_NO_FATAL_FAILURE(expect_bits("leaf", reference_leaves(forest, rows), made.leaves));
  ASSERT_NO_FATAL_FAILURE(expect_bits("value of a tree", reference_trees(forest, rows), made.trees));
  ASSERT_NO_FATAL_FAILURE(expect_bits("output", reference_outputs(forest, rows), made.outputs));
}

void expect_predicts(Tenant& tenant, const Forest& forest, ResourceHandle model, const Rows& rows) {
  expect_predictions(forest, rows, predict(tenant, model, rows));
}

Forest read_back(Tenant& tenant, ResourceHandle model, const Forest& of) {
  Session& session = tenant.session();
  const ForestShape shape = must(wasi_gpu::model_shape(session, model));
  Forest own = of;
  own.n_features = shape.n_features;
  own.leaves = shape.leaves;
  own.n_outputs = shape.n_outputs;
  own.offsets = must(wasi_gpu::model_tree_offsets(session, model));
  own.nodes = written<ModelNode>(tenant, shape.n_nodes, [&](BufferId to) {
    return wasi_gpu::model_write_nodes(session, model, 0, shape.n_nodes, to, 0);
  });
  const auto values = [&]<class T>(T) {
    return written<T>(tenant, shape.n_leaves * shape.n_outputs, [&](BufferId to) {
      return wasi_gpu::model_write_leaf_values(session, model, 0, shape.n_leaves, to, 0);
    });
  };
  if (shape.leaves == LeafKind::vector) own.vectors = values(0.0F);
  if (shape.leaves == LeafKind::classes && shape.has_weights) own.classes = values(std::uint32_t{0});
  return own;
}

void expect_same(const Forest& expected, const Forest& own) {
  EXPECT_EQ(own.n_features, expected.n_features);
  EXPECT_EQ(own.leaves, expected.leaves);
  EXPECT_EQ(own.n_outputs, expected.n_outputs);
  ASSERT_EQ(own.offsets, expected.offsets);
  ASSERT_EQ(own.nodes.size(), expected.nodes.size());
  ASSERT_EQ(own.classes, expected.classes);
  ASSERT_NO_FATAL_FAILURE(expect_bits("vector", expected.vectors, own.vectors));
  for (std::size_t i = 0; i < expected.nodes.size(); ++i) {
    ASSERT_EQ(std::memcmp(&own.nodes[i], &expected.nodes[i], sizeof(ModelNode)), 0)
        << "node " << i << ": " << own.nodes[i].feature << " " << own.nodes[i].value << " " << own.nodes[i].weight;
  }
}

}  // namespace gpu_host::forest_test
