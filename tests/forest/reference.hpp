// docs/forest-numerics.md as code, and nothing else: slow, and short enough to be compared with the text section by
// section. What an engine grows must equal what this grows.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace gpu_host::forest_reference {

struct Parameters {
  std::uint64_t seed = 0;
  std::uint32_t n_trees = 1;
  std::uint32_t n_classes = 0;  // 0: regression
  std::uint32_t max_bins = 255;
  bool fine = true;
  std::uint32_t max_features = 0;  // 0: all
  std::uint32_t max_depth = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t min_samples_split = 2;
  std::uint32_t min_samples_leaf = 1;
  double min_weight_fraction_leaf = 0;
  double min_impurity_decrease = 0;
  std::optional<std::uint32_t> n_draws = {};  // empty: no bootstrap
  bool balanced_subsample = false;
};

struct Data {
  std::vector<std::vector<float>> columns;  // by feature
  std::vector<double> targets;              // of classification: class numbers
  std::vector<double> draw_weights = {};    // empty: 1 each
  std::vector<double> criterion_weights = {};
};

struct Node {
  std::uint32_t depth = 0;
  std::int32_t feature = -1;  // -1: a leaf
  float threshold = 0;
  bool missing_left = false;
  std::uint32_t left = 0;  // the right child is the next node
  std::uint32_t weight = 0;
  std::uint32_t rows = 0;
  std::vector<std::int64_t> sums;  // S, or L_c
  float value = 0;                 // of a regression's leaf
  float of_model = 0;              // the same on the grid
};

using Tree = std::vector<Node>;

// By depth, then from left to right.
[[nodiscard]] std::vector<Tree> grow(const Data& data, const Parameters& parameters);

// The grid of section 7, of numbers whose magnitude is at most `most`; and a number on it.
[[nodiscard]] double grid(double most, std::uint32_t n_trees);
[[nodiscard]] double on_grid(double value, double unit);
// Makes the values of a regression's model of the trees.
void put_on_grid(std::vector<Tree>& trees);

// A row in a leaf, for quantiles: what it counts as is an integer.
struct LeafTarget {
  float target = 0;
  std::uint64_t part = 0;
};
// Of a regression's trees, and of each of their nodes: of those that are leaves.
[[nodiscard]] std::vector<std::vector<std::vector<LeafTarget>>> leaf_targets(const Data& data,
                                                                             const Parameters& parameters,
                                                                             const std::vector<Tree>& trees);

// What the tree says of one row: the index of its leaf.
[[nodiscard]] std::uint32_t leaf_of(const Tree& tree, const std::vector<std::vector<float>>& columns, std::size_t row);

}  // namespace gpu_host::forest_reference
