#include "backend/cpu/forest/out_of_bag.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "backend/cpu/forest/bag.hpp"

namespace gpu_host::cpu {
namespace {

// A tree that is walked by bins, and the rows that it drew.
struct BinnedTree {
  struct Node {
    std::int32_t feature;
    std::uint16_t last;  // the last bin that goes left, the coarse one before the fine one
    bool missing_left;
    std::uint32_t left;
    std::uint32_t leaf;  // how many come before it
  };
  std::vector<Node> nodes;
  std::vector<bool> drawn;
};

// In part where the poll says to stop.
BinnedTree binned(const DataSet& data, const ModelTree& tree, Poll& poll) {
  BinnedTree walked;
  walked.nodes.reserve(tree.nodes.size());
  std::uint32_t n_leaves = 0;
  for (const ModelTree::Node& node : tree.nodes) {
    if (poll.stop()) return walked;
    if (node.feature < 0) {
      walked.nodes.push_back({-1, 0, false, 0, n_leaves++});
      continue;
    }
    // A threshold is an edge, which lies in the bin below it.
    const forest::BinCode last = data.bins(static_cast<std::uint32_t>(node.feature)).code(node.value);
    walked.nodes.push_back({node.feature, static_cast<std::uint16_t>(last.coarse << 8U | last.fine),
                            node.missing == node.left, node.left, 0});
  }
  return walked;
}

const BinnedTree::Node& leaf_of(const BinnedTree& tree, const DataSet& data, std::uint32_t row) {
  const std::uint8_t* const coarse = data.record(row);
  const std::uint8_t* const fine = data.fine_record(row);
  const BinnedTree::Node* node = tree.nodes.data();
  while (node->feature >= 0) {
    const std::uint32_t code = std::uint32_t{coarse[node->feature]} << 8U | fine[node->feature];
    const bool left = coarse[node->feature] == forest::kMissing ? node->missing_left : code <= node->last;
    node = &tree.nodes[node->left + (left ? 0 : 1)];
  }
  return *node;
}

}  // namespace

void add_out_of_bag(const DataSet& data, const forest::Parameters& parameters, std::span<const ModelTree> trees,
                    std::uint32_t first, OutOfBag& to, Workers& workers) {
  std::vector<BinnedTree> walked(trees.size());
  const bool done = workers.for_each(trees.size(), [&](std::size_t i) {
    Poll poll = workers.poll();
    walked[i] = binned(data, trees[i], poll);
    walked[i].drawn.resize(data.n_rows());
    for (const BagRow& drawn : draw_bag(data, parameters, first + static_cast<std::uint32_t>(i), poll)) {
      walked[i].drawn[drawn.row] = true;
    }
  });
  if (!done) return;
  constexpr std::size_t kRowsAtOnce = 256;
  const std::size_t n_classes = data.n_classes();
  (void)workers.for_blocks(data.n_rows(), kRowsAtOnce, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = 0; i < trees.size(); ++i) {
      for (std::size_t row = begin; row < end; ++row) {
        if (walked[i].drawn[row]) continue;
        const BinnedTree::Node& leaf = leaf_of(walked[i], data, static_cast<std::uint32_t>(row));
        const ModelTree::Node& node = trees[i].nodes[static_cast<std::size_t>(&leaf - walked[i].nodes.data())];
        ++to.counts[row];
        if (n_classes == 0) to.sums[row] += static_cast<double>(node.value);
        for (std::size_t c = 0; c < n_classes; ++c) {
          to.sums[row * n_classes + c] +=
              trees[i].leaf_classes[leaf.leaf * n_classes + c] / static_cast<double>(node.weight);
        }
      }
    }
  });
}

}  // namespace gpu_host::cpu
