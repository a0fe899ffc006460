// Grown trees node by node, to be compared.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <span>
#include <vector>

#include "backend/cpu/forest/grown_tree.hpp"
#include "backend/cpu/poll.hpp"

namespace gpu_host::forest_test {

struct PlainNode {
  std::int32_t feature = -1;  // -1: a leaf
  float value = 0;            // a threshold, or what a leaf of a regression says
  std::uint32_t left = 0;
  bool missing_left = false;
  std::uint32_t weight = 0;
  std::vector<std::uint32_t> classes = {};  // what each weighs in a leaf

  bool operator==(const PlainNode&) const = default;
  friend std::ostream& operator<<(std::ostream& to, const PlainNode& node) {
    return to << "feature " << node.feature << ", value " << node.value << ", left " << node.left << ", missing left "
              << node.missing_left << ", weight " << node.weight;
  }
};

[[nodiscard]] inline std::vector<PlainNode> plain_nodes(const cpu::ModelTrees& tree) {
  cpu::Poll poll(nullptr);
  const cpu::TreesShape& shape = tree.shape;
  const std::vector<std::uint32_t> weights = cpu::node_weights(tree, 0, poll).value();
  std::vector<PlainNode> plain;
  std::size_t leaf = 0;
  for (std::uint32_t i = 0; i < weights.size(); ++i) {
    const cpu::WalkNode node = tree.nodes.visit([i](const auto& nodes) { return nodes[i]; });
    if (node.feature != shape.n_features) {
      plain.push_back({static_cast<std::int32_t>(node.feature), cpu::from_ordered_bits(node.value), node.child,
                       node.missing_left, weights[i]});
      continue;
    }
    plain.push_back({.weight = weights[i]});
    if (shape.leaves == LeafKind::number) {
      plain.back().value = std::bit_cast<float>(node.value);
    } else {
      const std::span all(tree.leaf_classes.get() + leaf * shape.n_outputs, shape.n_outputs);
      plain.back().classes.assign(all.begin(), all.end());
    }
    ++leaf;
  }
  return plain;
}

}  // namespace gpu_host::forest_test
