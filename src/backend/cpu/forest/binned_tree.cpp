#include "backend/cpu/forest/binned_tree.hpp"

#include "forest/bins.hpp"

namespace gpu_host::cpu {

BinnedTree::BinnedTree(const DataSet& data, const ModelTrees& tree, Poll& poll) {
  const auto n_nodes = static_cast<std::uint32_t>(tree.shape.n_nodes());
  nodes_.reserve(n_nodes);
  tree.nodes.visit([&](const auto& nodes) {
    std::uint32_t n_leaves = 0;
    for (std::uint32_t i = 0; i < n_nodes && !poll.stop(); ++i) {
      const WalkNode node = nodes[i];
      if (node.feature == tree.shape.n_features) {
        nodes_.push_back({-1, 0, false, 0, n_leaves++});
        continue;
      }
      // A threshold is an edge, which lies in the bin below it.
      const forest::BinCode last = data.bins(node.feature).code(from_ordered_bits(node.value));
      nodes_.push_back({static_cast<std::int32_t>(node.feature),
                        static_cast<std::uint16_t>(last.coarse << 8U | last.fine), node.missing_left, node.child, 0});
    }
  });
}

BinnedTree::Leaf BinnedTree::leaf_of(const DataSet& data, std::uint32_t row) const {
  const std::uint8_t* const coarse = data.record(row);
  const std::uint8_t* const fine = data.fine_record(row);
  const Node* node = nodes_.data();
  while (node->feature >= 0) {
    const std::uint32_t code = std::uint32_t{coarse[node->feature]} << 8U | fine[node->feature];
    const bool left = coarse[node->feature] == forest::kMissing ? node->missing_left : code <= node->last;
    node = &nodes_[node->left + (left ? 0 : 1)];
  }
  return {static_cast<std::uint32_t>(node - nodes_.data()), node->leaf};
}

}  // namespace gpu_host::cpu
