// What a forest is grown by (docs/forest-numerics.md).
#pragma once

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
  double min_impurity_decrease = 0;
  std::optional<std::uint32_t> n_draws = {};  // of each tree, with replacement; empty: all rows, once
  bool balanced_subsample = false;            // of a classification: each tree weights the classes it drew
};

}  // namespace gpu_host::forest
