// A grown tree (docs/forest-numerics.md, 6).
#pragma once

#include <cstdint>
#include <vector>

namespace gpu_host::forest {

inline constexpr std::uint32_t kNumericsVersion = 1;  // of docs/forest-numerics.md

// By depth, then from left to right: the root is the first, and a node's children are next to each other.
struct TreeNode {
  std::int32_t feature = -1;  // -1: a leaf
  float threshold = 0;        // x <= threshold goes left
  std::uint32_t left = 0;     // the right child is the next one
  bool missing_left = false;
  std::uint32_t weight = 0;  // of the rows in the bag
  std::uint32_t rows = 0;    // each counted once
};

struct Tree {
  std::vector<TreeNode> nodes;
  std::vector<float> values;          // of a regression: each node's, of leaves
  std::vector<std::int64_t> sums;     // of a regression: each node's sum of weighted q
  std::vector<std::uint32_t> counts;  // of a classification: each node's weight of each class
};

}  // namespace gpu_host::forest
