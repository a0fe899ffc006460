// A tree that was grown, as a finished forest keeps it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/cpu/forest/model_trees.hpp"
#include "forest/model.hpp"

namespace gpu_host::cpu {

// Of a forest without trees.
[[nodiscard]] TreesShape shape_of_none(std::uint32_t n_features, std::uint32_t n_classes);

struct GrownTree {
  ModelTrees tree;                  // alone, not on the grid
  std::vector<double> importances;  // of all features, with a sum of 1; empty where no node is split
};

// Puts it together from its nodes, which come by depth, then from left to right.
class TreeWriter {
 public:
  // The leaves weigh `most_weight` at most.
  TreeWriter(std::uint32_t n_nodes, std::uint32_t n_features, std::uint32_t n_classes, std::uint32_t most_weight);

  // `decrease` of its weight times its impurity (docs/forest-numerics.md, 6).
  void inner(std::uint32_t feature, float threshold, bool missing_left, double decrease);
  // The value is a regression's; otherwise there are weights of all classes, with a sum of `weight`.
  void leaf(float value, std::uint32_t weight, std::span<const std::uint32_t> classes);

  // Once, of all nodes.
  [[nodiscard]] GrownTree take();

 private:
  GrownTree made_;
  std::uint32_t n_nodes_ = 0;  // so far
  std::uint32_t n_leaves_ = 0;
  std::uint32_t child_ = 1;  // the left one of the next node that is split
};

[[nodiscard]] GrownTree grown_tree(const forest::Tree& tree, std::uint32_t n_features, std::uint32_t n_classes);

}  // namespace gpu_host::cpu
