// Section 7 of docs/forest-numerics.md as code, and nothing else: what a forest predicts, row by row. And forests and
// rows at random, for what must predict the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "forest/interface.hpp"

namespace gpu_host::forest_test {

// A forest as `model.create` takes it.
struct Forest {
  std::uint32_t n_features = 1;
  LeafKind leaves = LeafKind::number;
  std::uint32_t n_outputs = 1;
  bool average = false;
  std::vector<double> base = {};
  std::vector<std::uint64_t> offsets = {0};
  std::vector<std::uint32_t> tree_outputs = {};
  std::vector<ModelNode> nodes = {};
  std::vector<float> vectors = {};          // of leaves of vectors
  std::vector<std::uint32_t> classes = {};  // of leaves of classes

  [[nodiscard]] std::size_t n_trees() const { return offsets.size() - 1; }
  [[nodiscard]] std::size_t n_leaves() const { return (nodes.size() + n_trees()) / 2; }
  // Numbers that a tree says of a row.
  [[nodiscard]] std::size_t tree_numbers() const { return leaves == LeafKind::number ? 1 : n_outputs; }
  void add_tree(const std::vector<ModelNode>& tree);
};

// What a model of a forest has: values and base on the grid, zeros as thresholds without a sign, the sums of weights.
// It predicts the same.
[[nodiscard]] Forest as_model(Forest forest);

// Values of rows, one row after the other.
struct Rows {
  std::size_t n_features = 1;
  std::vector<float> values = {};

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(values.size() / n_features); }
  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return std::span(values).subspan(i * n_features, n_features);
  }
};

// -- predictions: row after row
[[nodiscard]] std::vector<std::uint32_t> reference_leaves(const Forest& forest, const Rows& rows);
[[nodiscard]] std::vector<float> reference_trees(const Forest& forest, const Rows& rows);
[[nodiscard]] std::vector<float> reference_outputs(const Forest& forest, const Rows& rows);

// -- at random
// Thresholds and values, which often are the same: zeros, infinity, subnormal numbers and all between.
[[nodiscard]] float some_value(Dice& dice);
// A value of leaves: of any magnitude.
[[nodiscard]] float some_number(Dice& dice);
// A tree with so many nodes, by depth and from left to right; its leaves hold 0.
enum class Growth : std::uint8_t { anywhere, chain };
[[nodiscard]] std::vector<ModelNode> some_tree(Dice& dice, std::uint32_t n_features, std::uint32_t n_nodes,
                                               Growth growth = Growth::anywhere);
// Of any kind, with up to `most_nodes` nodes in a tree.
[[nodiscard]] Forest some_forest(Dice& dice, std::uint32_t most_trees, std::uint32_t most_nodes);
// What trees that were grown are.
[[nodiscard]] Forest grown_forest(const Trees& trees, std::uint32_t n_features, std::uint32_t n_classes);
// Values and thresholds of the forest, values next to them, and missing ones.
[[nodiscard]] Rows some_rows(Dice& dice, const Forest& forest, std::uint32_t n_rows);

// -- models
[[nodiscard]] wasi_gpu::ModelParams place(Tenant& tenant, const Forest& forest);
[[nodiscard]] ResourceHandle create(Tenant& tenant, const Forest& forest);
[[nodiscard]] BufferId share_rows(Tenant& tenant, const Rows& rows);

struct Predictions {
  std::vector<float> outputs;
  std::vector<float> trees;
  std::vector<std::uint32_t> leaves;
};
[[nodiscard]] Predictions predict(Tenant& tenant, ResourceHandle model, const Table& table);
[[nodiscard]] Predictions predict(Tenant& tenant, ResourceHandle model, const Rows& rows);

// Fails the test where a model does not say what its forest says, to the bit.
void expect_predictions(const Forest& forest, const Rows& rows, const Predictions& made);
void expect_predicts(Tenant& tenant, const Forest& forest, ResourceHandle model, const Rows& rows);

// What a model holds, as far as it tells.
[[nodiscard]] Forest read_back(Tenant& tenant, ResourceHandle model, const Forest& of);
// Fails the test where trees and leaves are not to the bit the same.
void expect_same(const Forest& expected, const Forest& own);

}  // namespace gpu_host::forest_test
