#include "backend/cpu/forest/out_of_bag.hpp"

#include <cstddef>
#include <optional>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/binned_tree.hpp"

namespace gpu_host::cpu {
namespace {

// A tree, and the rows that it drew.
struct SampledTree {
  BinnedTree tree;
  std::vector<bool> drawn;
};

}  // namespace

void add_out_of_bag(const DataSet& data, const forest::Parameters& parameters, std::span<const ModelTree> trees,
                    std::uint32_t first, OutOfBag& to, Workers& workers) {
  std::vector<std::optional<SampledTree>> sampled(trees.size());
  const bool done = workers.for_each(trees.size(), [&](std::size_t i) {
    Poll poll = workers.poll();
    sampled[i] = {BinnedTree(data, trees[i], poll), std::vector<bool>(data.n_rows())};
    for (const BagRow& drawn : draw_bag(data, parameters, first + static_cast<std::uint32_t>(i), poll)) {
      sampled[i]->drawn[drawn.row] = true;
    }
  });
  if (!done) return;
  constexpr std::size_t kRowsAtOnce = 256;
  const std::size_t n_classes = data.n_classes();
  (void)workers.for_blocks(data.n_rows(), kRowsAtOnce, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = 0; i < trees.size(); ++i) {
      for (std::size_t row = begin; row < end; ++row) {
        if (sampled[i]->drawn[row]) continue;
        const BinnedTree::Leaf leaf = sampled[i]->tree.leaf_of(data, static_cast<std::uint32_t>(row));
        const ModelTree::Node& node = trees[i].nodes[leaf.node];
        ++to.counts[row];
        if (n_classes == 0) to.sums[row] += static_cast<double>(node.value);
        for (std::size_t c = 0; c < n_classes; ++c) {
          to.sums[row * n_classes + c] +=
              trees[i].leaf_classes[std::size_t{leaf.number} * n_classes + c] / static_cast<double>(node.weight);
        }
      }
    }
  });
}

}  // namespace gpu_host::cpu
