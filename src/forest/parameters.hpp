// What a forest is grown by (docs/forest-numerics.md).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

namespace gpu_host::forest {

inline constexpr std::uint32_t kMostClasses = 256;

struct Parameters {
  std::uint64_t seed = 0;
  std::uint32_t n_trees = 100;
  std::uint32_t max_features = 0;  // tried at each node; 0: all
  std::uint32_t max_depth = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t min_samples_split = 2;  // rows in the bag, each counted once
  std::uint32_t min_samples_leaf = 1;
  double min_weight_fraction_leaf = 0;  // of the tree's weight
  double min_impurity_decrease = 0;
  std::optional<std::uint32_t> n_draws = {};  // of each tree, with replacement; empty: all rows, once
  bool balanced_subsample = false;            // of a classification: each tree weights the classes it drew

  // That each side of a split has in a tree of that weight.
  [[nodiscard]] std::uint64_t least_weight(std::uint64_t root_weight) const {
    return static_cast<std::uint64_t>(std::ceil(min_weight_fraction_leaf * static_cast<double>(root_weight)));
  }
};

}  // namespace gpu_host::forest
