#include "backend/cpu/forest/forest_model.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#include "backend/cpu/cpu_buffer.hpp"

namespace gpu_host::cpu {
namespace {

// As the interface lays it out.
static_assert(sizeof(ModelTree::Node) == kForestNodeBytes && std::is_trivially_copyable_v<ModelTree::Node>);

// Calls body(tree, first of its elements, end of them, how many came before) for the parts of [first, end) of a
// sequence that lies in trees; `offsets` as in the model.
template <class Body>
void for_each_part(std::span<const std::uint64_t> offsets, std::uint64_t first, std::uint64_t end, const Body& body) {
  auto tree = static_cast<std::size_t>(std::ranges::upper_bound(offsets, first) - offsets.begin()) - 1;
  for (std::uint64_t at = first; at < end; ++tree) {
    const std::uint64_t stop = std::min(end, offsets[tree + 1]);
    body(tree, at - offsets[tree], stop - offsets[tree], at - first);
    at = stop;
  }
}

std::byte* bytes_of(Buffer& buffer, std::uint64_t offset) { return static_cast<CpuBuffer&>(buffer).bytes() + offset; }

constexpr std::size_t kElementsAtOnce = 1 << 15;

}  // namespace

ModelTree model_tree(const forest::Tree& tree, std::uint32_t n_classes) {
  ModelTree model;
  model.nodes.reserve(tree.nodes.size());
  if (n_classes > 0) model.leaf_classes.reserve((tree.nodes.size() / 2 + 1) * n_classes);
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    const forest::TreeNode& node = tree.nodes[i];
    if (node.feature >= 0) {
      model.nodes.push_back(
          {node.feature, node.threshold, node.left, node.left + (node.missing_left ? 0 : 1), node.weight});
      continue;
    }
    model.nodes.push_back({-1, n_classes == 0 ? tree.values[i] : 0, 0, 0, node.weight});
    const auto classes = tree.counts.begin() + static_cast<std::ptrdiff_t>(i * n_classes);
    model.leaf_classes.insert(model.leaf_classes.end(), classes, classes + n_classes);
  }
  return model;
}

CpuForestModel::CpuForestModel(Content content, MemoryCharge charge, Workers& workers)
    : content_(std::move(content)),
      charge_(std::move(charge)),
      workers_(workers),
      shape_{.n_trees = static_cast<std::uint32_t>(content_.trees.size()),
             .n_features = content_.n_features,
             .n_classes = content_.n_classes,
             .n_nodes = 0,
             .n_leaves = 0,
             .numerics = forest::kNumericsVersion} {
  for (const ModelTree& tree : content_.trees) {
    offsets_.push_back(shape_.n_nodes);
    leaf_offsets_.push_back(shape_.n_leaves);
    shape_.n_nodes += tree.nodes.size();
    shape_.n_leaves += tree.n_leaves();
  }
  offsets_.push_back(shape_.n_nodes);
  leaf_offsets_.push_back(shape_.n_leaves);
}

GpuResult<void> CpuForestModel::write_nodes(std::uint64_t first, std::uint64_t n_nodes, Buffer& output,
                                            std::uint64_t offset) {
  std::byte* const to = bytes_of(output, offset);
  const bool done = workers_.for_blocks(n_nodes, kElementsAtOnce, [&](std::size_t begin, std::size_t end) {
    for_each_part(offsets_, first + begin, first + end, [&](auto tree, auto from, auto stop, auto before) {
      std::memcpy(to + (begin + before) * kForestNodeBytes, &content_.trees[tree].nodes[from],
                  (stop - from) * kForestNodeBytes);
    });
  });
  if (!done) return interrupted();
  return {};
}

GpuResult<void> CpuForestModel::write_leaf_classes(std::uint64_t first, std::uint64_t n_leaves, Buffer& output,
                                                   std::uint64_t offset) {
  std::byte* const to = bytes_of(output, offset);
  const std::size_t n_classes = content_.n_classes;
  const std::size_t bytes = n_classes * sizeof(std::uint32_t);
  const bool done = workers_.for_blocks(n_leaves, kElementsAtOnce / n_classes, [&](std::size_t begin, std::size_t end) {
    for_each_part(leaf_offsets_, first + begin, first + end, [&](auto tree, auto from, auto stop, auto before) {
      std::memcpy(to + (begin + before) * bytes, &content_.trees[tree].leaf_classes[from * n_classes],
                  (stop - from) * bytes);
    });
  });
  if (!done) return interrupted();
  return {};
}

GpuResult<void> CpuForestModel::write_out_of_bag(Buffer& output, std::uint64_t offset) {
  std::byte* const to = bytes_of(output, offset);
  const std::size_t per_row = std::max(1U, content_.n_classes);
  const OutOfBag& all = *content_.out_of_bag;
  const bool done = workers_.for_blocks(content_.n_rows, kElementsAtOnce / per_row, [&](auto begin, auto end) {
    for (std::size_t i = begin * per_row; i < end * per_row; ++i) {
      const std::uint32_t count = all.counts[i / per_row];
      const double mean = count == 0 ? std::numeric_limits<double>::quiet_NaN() : all.sums[i] / count;
      std::memcpy(to + i * sizeof(mean), &mean, sizeof(mean));
    }
  });
  if (!done) return interrupted();
  return {};
}

}  // namespace gpu_host::cpu
