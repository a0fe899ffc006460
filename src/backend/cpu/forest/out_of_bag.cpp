#include "backend/cpu/forest/out_of_bag.hpp"

#include <bit>
#include <cstddef>
#include <numeric>
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

void add_out_of_bag(const DataSet& data, const forest::Parameters& parameters, std::span<const ModelTrees> trees,
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
        ++to.counts[row];
        if (n_classes == 0) {
          const std::uint32_t value = trees[i].nodes.visit([&](const auto& nodes) { return nodes[leaf.node].value; });
          to.sums[row] += static_cast<double>(std::bit_cast<float>(value));
          continue;
        }
        const std::span classes(trees[i].leaf_classes.get() + std::size_t{leaf.number} * n_classes, n_classes);
        const auto weight = static_cast<double>(std::accumulate(classes.begin(), classes.end(), 0U));
        for (std::size_t c = 0; c < n_classes; ++c) to.sums[row * n_classes + c] += classes[c] / weight;
      }
    }
  });
}

}  // namespace gpu_host::cpu
