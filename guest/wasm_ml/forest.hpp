// A random forest for regression as the 0.1.0 kernels see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "error.hpp"
#include "wasi_gpu/types.hpp"

namespace wasm_ml {

using wasi_gpu::TreeNode;

// What a forest was grown with.
struct ForestParams {
  std::uint32_t n_trees = 200;
  std::uint32_t max_depth = 16;         // edges from root to leaf; 0: any
  std::uint32_t max_features = 0;       // features tried at each node, at most; 0: all
  std::uint32_t min_samples_split = 2;  // different rows in a node that may be split
  std::uint32_t min_samples_leaf = 1;   // different rows in a leaf
  std::uint32_t seed = 42;
  // What the 0.1.0 kernels cannot do.
  double min_impurity_decrease = 0;
  bool bootstrap = true;          // else each tree sees all rows, once
  std::uint32_t max_samples = 0;  // rows that a tree draws; 0: as many as there are
  std::uint32_t max_bins = 255;
  bool oob_score = false;

  friend bool operator==(const ForestParams&, const ForestParams&) = default;
};

struct Forest {
  ForestParams params = {};
  std::uint32_t n_train_rows = 0;
  std::string target_name = {};
  std::vector<std::string> feature_names;
  std::vector<std::uint32_t> tree_offsets = {};  // of each tree, its root's index in nodes
  std::vector<TreeNode> nodes = {};              // a node's children come after it
  std::uint32_t depth = 0;                       // edges of the longest path, what prediction has to follow
  bool knows_missing = false;                    // some missing values should go left, which nodes cannot say
};

// The nodes of tree `tree`.
[[nodiscard]] std::span<const TreeNode> tree_nodes(const Forest& forest, std::size_t tree);

// Checks that every tree is one: offsets ascend, children lie after their parent
// and inside their tree, each node but the root has one parent, features exist,
// numbers are finite. Returns the depth. The error says which node of which tree.
[[nodiscard]] Result<std::uint32_t> check_structure(const Forest& forest);

}  // namespace wasm_ml
