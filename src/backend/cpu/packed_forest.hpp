// A copy of the sound trees of a forest in which a step of a walk needs no check
// and no branch, so that the walks of several rows overlap in the processor. It
// costs about as much as a few walks, so it is for batches.
//
// The nodes of a tree lie level by level, children side by side: a step goes to
// `first child + (right ? 1 : 0)`. A leaf has the threshold NaN, so that all go
// right, and its first child is the node before it: it leads to itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "backend/cpu/parallel.hpp"
#include "backend/kernel_params.hpp"
#include "forest/node.hpp"

namespace gpu_host::cpu {

// Kept by a stream, so that calls do not allocate again. Takes at most 3/4 of the
// size of the nodes it was given, and never more than 192 MiB.
class PackedForest {
 public:
  // Rows that walk together.
  static constexpr std::size_t kLanes = 8;

  struct Node {
    float threshold;
    std::uint32_t link;  // first child and feature, which has the lower bits
  };
  struct Tree {
    std::uint32_t root;   // in the nodes that were packed
    std::uint32_t limit;  // most nodes that the copy may have
    std::uint64_t begin;  // of the copy
    std::uint32_t depth;
    bool is_packed;
  };

  // Copies the trees that are sound in every node, end within max-depth, are small
  // enough to pay, and for which there is room. False once it was interrupted.
  [[nodiscard]] bool pack(Workers& workers, const BatchPredictParams& params, std::span<const forest::Node> nodes,
                          std::span<const std::uint32_t> offsets);

  // The tree that starts at `root`; null where it is not packed.
  [[nodiscard]] const Tree* find(std::uint32_t root) const;

  // Adds the tree's value for each row of `rows` to `sums`.
  void add_values(const Tree& tree, const float* rows, std::size_t n_features, std::span<double> sums) const;

 private:
  void list_trees(const BatchPredictParams& params, std::size_t n_nodes, std::span<const std::uint32_t> offsets);
  void pack_tree(Poll poll, Tree& tree, const BatchPredictParams& params, std::span<const forest::Node> source);
  template <std::size_t n_lanes>
  void walk(const Tree& tree, const float* rows, std::size_t n_features, double* sums) const;

  std::uint32_t feature_bits_ = 0;
  std::vector<Tree> trees_;  // ascending by root, each root once
  std::vector<Node> nodes_;
  std::vector<float> values_;  // of the leaves among nodes_
};

}  // namespace gpu_host::cpu
