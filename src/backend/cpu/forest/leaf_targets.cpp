#include "backend/cpu/forest/leaf_targets.hpp"

#include <algorithm>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/binned_tree.hpp"

namespace gpu_host::cpu {

LeafTargets targets_of_leaves(const DataSet& data, const forest::Parameters& parameters, const ModelTrees& tree,
                              std::uint32_t number, Poll& poll) {
  struct Entry {
    std::uint32_t leaf;
    std::int32_t target;  // p
    std::uint32_t multiplicity;
  };
  const BinnedTree binned(data, tree, poll);
  std::vector<Entry> entries;
  for (const BagRow& drawn : draw_bag(data, parameters, number, poll)) {
    if (poll.stop()) return {};
    entries.push_back({binned.leaf_of(data, drawn.row).number, data.target(drawn.row), drawn.weight});
  }
  std::ranges::sort(
      entries, [](const Entry& a, const Entry& b) { return a.leaf != b.leaf ? a.leaf < b.leaf : a.target < b.target; });
  const forest::Targets& targets = data.targets();
  LeafTargets made;
  made.offsets.assign(tree.shape.n_leaves() + 1, 0);
  made.targets.reserve(entries.size());
  made.multiplicities.reserve(entries.size());
  for (const Entry& entry : entries) {
    ++made.offsets[entry.leaf + 1];
    // As a sum with 0: there is one zero.
    made.targets.push_back(static_cast<float>(targets.center + entry.target * (targets.most / 0x1p30)) + 0.0F);
    made.multiplicities.push_back(entry.multiplicity);
  }
  for (std::size_t leaf = 1; leaf < made.offsets.size(); ++leaf) made.offsets[leaf] += made.offsets[leaf - 1];
  return made;
}

}  // namespace gpu_host::cpu
