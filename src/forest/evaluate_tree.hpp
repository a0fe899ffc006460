// Evaluates one row on one tree: written once, for every backend that compiles
// C++. It is constexpr, uses nothing of the standard library but integer types,
// and bounds all that it reads, so the loops around it need no checks of nodes.
#pragma once

#include <cstdint>

#include "forest/node.hpp"

namespace gpu_host::forest {

enum class WalkEnd : std::uint8_t {
  leaf,          // `node` is the leaf
  out_of_edges,  // `node` is where it stands, no leaf; a walk can go on from it
  bad_feature,   // the feature of `node` is below -1 or at least n_features
  bad_left,      // a child of `node` lies outside the tree
  bad_right,
};

struct Walk {
  WalkEnd end;
  std::uint64_t node;   // relative to the tree's first node
  std::uint64_t edges;  // followed by this call
};

// What an inner node decides. NaN goes right.
[[nodiscard]] constexpr bool goes_left(float value, float threshold) { return value <= threshold; }

// Where a walk that stands at `at` goes next: `at` again where it must not go on,
// be it a leaf or a bad node. Bounds what it reads as evaluate_tree does, but has no
// branch that depends on the data, for walks that go step by step together.
// `n_features` is not 0.
[[nodiscard]] constexpr std::uint32_t step_or_stand(const Node* tree, std::uint64_t n_nodes, const float* row,
                                                    std::uint32_t n_features, std::uint32_t at) {
  const Node& node = tree[at];
  const auto feature = static_cast<std::uint32_t>(node.feature);
  const bool stands = feature >= n_features;
  const std::uint32_t to_left = 0U - static_cast<std::uint32_t>(goes_left(row[stands ? 0 : feature], node.threshold));
  const std::uint32_t child = node.right ^ ((node.left ^ node.right) & to_left);
  return stands || child >= n_nodes ? at : child;
}

// Walks from `start`, at most `max_edges` edges. `tree` has `n_nodes` nodes (all
// that may be read, not only its own) and `start` is one of them; `row` has
// `n_features` values.
[[nodiscard]] constexpr Walk evaluate_tree(const Node* tree, std::uint64_t n_nodes, const float* row,
                                           std::uint32_t n_features, std::uint64_t start, std::uint64_t max_edges) {
  std::uint64_t at = start;
  for (std::uint64_t edges = 0;; ++edges) {
    const Node& node = tree[at];
    if (node.feature == kLeaf) return {WalkEnd::leaf, at, edges};
    // One unsigned comparison: negative features become large.
    if (static_cast<std::uint32_t>(node.feature) >= n_features) return {WalkEnd::bad_feature, at, edges};
    if (edges == max_edges) return {WalkEnd::out_of_edges, at, edges};
    const bool is_left = goes_left(row[node.feature], node.threshold);
    const std::uint64_t child = is_left ? node.left : node.right;
    if (child >= n_nodes) return {is_left ? WalkEnd::bad_left : WalkEnd::bad_right, at, edges};
    at = child;
  }
}

}  // namespace gpu_host::forest
