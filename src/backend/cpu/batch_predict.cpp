#include <algorithm>
#include <array>
#include <atomic>

#include "backend/cpu/kernels.hpp"
#include "backend/kernel_errors.hpp"
#include "forest/evaluate_tree.hpp"

namespace gpu_host::cpu {
namespace {

using forest::Node;
using forest::Walk;
using forest::WalkEnd;

// Rows that go through one tree before the next tree's turn: its nodes are then
// in the cache.
constexpr std::size_t kRowBlock = 512;
// Fewer trees make blocks of rows too little work for a thread.
constexpr std::size_t kTreesPerBlock = 16;
// Walks that are longer go on alone.
constexpr std::uint32_t kEdgesTogether = 64;

// A walk that found no leaf, as an error.
std::unexpected<GpuError> no_leaf(const BatchPredictParams& params, std::span<const Node> nodes, std::uint64_t root,
                                  const Walk& walk) {
  const std::uint64_t position = root + walk.node;
  const Node& node = nodes[position];
  const std::uint64_t n_nodes = nodes.size() - root;
  switch (walk.end) {
    case WalkEnd::bad_feature:
      return std::unexpected(kernel_errors::bad_feature(position, node.feature, params.n_features));
    case WalkEnd::bad_left:
      return std::unexpected(kernel_errors::bad_left(position, node.left, root, n_nodes));
    case WalkEnd::bad_right:
      return std::unexpected(kernel_errors::bad_right(position, node.right, root, n_nodes));
    case WalkEnd::leaf:
    case WalkEnd::out_of_edges:
      break;
  }
  return std::unexpected(kernel_errors::no_leaf(position, params.max_depth, root));
}

// The value of the leaf that `row` reaches. Walks in stretches, to poll between.
GpuResult<float> leaf_value(Poll& poll, const BatchPredictParams& params, std::span<const Node> nodes,
                            std::uint64_t root, const float* row) {
  Walk walk{WalkEnd::out_of_edges, 0, 0};
  // A walk of more edges than there are nodes is in a cycle: it never ends.
  std::uint64_t edges_left = std::min<std::uint64_t>(params.max_depth, nodes.size() - root);
  do {
    const std::uint64_t stretch = std::min(edges_left, kPollWork);
    walk = forest::evaluate_tree(&nodes[root], nodes.size() - root, row, params.n_features, walk.node, stretch);
    edges_left -= stretch;
    if (poll.stop(walk.edges + 1)) return interrupted();
  } while (walk.end == WalkEnd::out_of_edges && edges_left > 0);
  if (walk.end != WalkEnd::leaf) return no_leaf(params, nodes, root, walk);
  return nodes[root + walk.node].threshold;
}

// Walks of different rows or trees, step by step together, so that they overlap
// in the processor.
class Walks {
 public:
  struct OneWalk {
    std::span<const Node> tree;
    const float* row;
    std::size_t number;  // of the row
    std::uint32_t at;
  };

  // There must be room.
  void add(const OneWalk& walk) { walks_[size_++] = walk; }
  [[nodiscard]] bool is_full() const { return size_ == walks_.size(); }
  [[nodiscard]] std::span<const OneWalk> all() const { return std::span(walks_).first(size_); }
  void clear() { size_ = 0; }

  // Until none moves, or each has gone `max_edges` edges.
  void run(std::uint32_t n_features, std::uint32_t max_edges) {
    bool moves = true;
    for (std::uint32_t edge = 0; edge < max_edges && moves; ++edge) {
      moves = false;
      for (OneWalk& walk : std::span(walks_).first(size_)) {
        const std::uint32_t next =
            forest::step_or_stand(walk.tree.data(), walk.tree.size(), walk.row, n_features, walk.at);
        moves |= next != walk.at;
        walk.at = next;
      }
    }
  }

 private:
  std::array<OneWalk, 16> walks_;
  std::size_t size_ = 0;
};

// Predicts rows [begin, begin + sums.size()), tree by tree.
class RowBlock {
 public:
  RowBlock(Poll poll, const PackedForest& packed, const BatchPredictParams& params, std::span<const Node> nodes,
           const float* rows, std::span<double> sums)
      : poll_(poll), packed_(packed), params_(params), nodes_(nodes), rows_(rows), sums_(sums) {}

  // The error is that of the first tree that has one, and there of the first row.
  GpuResult<void> predict(std::span<const std::uint32_t> tree_offsets) {
    for (std::size_t tree = 0; tree < params_.n_trees; ++tree) {
      const std::uint32_t root = tree_offsets[tree];
      if (const PackedForest::Tree* const packed_tree = packed_.find(root)) {
        // Values are added in the order of the trees.
        if (auto result = finish_walks(); !result) return result;
        if (poll_.stop(sums_.size() * (packed_tree->depth + 1))) return interrupted();
        packed_.add_values(*packed_tree, rows_, params_.n_features, sums_);
        continue;
      }
      if (root >= nodes_.size()) {
        if (auto result = finish_walks(); !result) return result;
        return std::unexpected(kernel_errors::bad_offset(tree, root, nodes_.size()));
      }
      for (std::size_t i = 0; i < sums_.size(); ++i) {
        walks_.add({nodes_.subspan(root), row(i), i, 0});
        if (!walks_.is_full()) continue;
        if (auto result = finish_walks(); !result) return result;
      }
    }
    return finish_walks();
  }

 private:
  [[nodiscard]] const float* row(std::size_t i) const { return rows_ + i * params_.n_features; }

  GpuResult<void> finish_walks() {
    if (params_.n_features > 0) walks_.run(params_.n_features, std::min(params_.max_depth, kEdgesTogether));
    for (const Walks::OneWalk& walk : walks_.all()) {
      const Node& node = walk.tree[walk.at];
      if (node.feature == forest::kLeaf) {
        if (poll_.stop(kEdgesTogether)) return interrupted();
        sums_[walk.number] += node.threshold;
        continue;
      }
      const auto root = static_cast<std::uint64_t>(walk.tree.data() - nodes_.data());
      const auto value = leaf_value(poll_, params_, nodes_, root, walk.row);
      if (!value) return std::unexpected(value.error());
      sums_[walk.number] += *value;
    }
    walks_.clear();
    return {};
  }

  Poll poll_;
  const PackedForest& packed_;
  const BatchPredictParams& params_;
  std::span<const Node> nodes_;
  const float* rows_;
  std::span<double> sums_;
  Walks walks_;
};

}  // namespace

GpuResult<void> batch_predict(Workers& workers, PackedForest& packed, const BatchPredictParams& params,
                              std::span<const float> samples, std::span<const Node> tree_nodes,
                              std::span<const std::uint32_t> tree_offsets, std::span<float> output) {
  if (params.batch_size == 0) return {};
  if (!packed.pack(workers, params, tree_nodes, tree_offsets)) return interrupted();
  const auto predict_block = [&](std::size_t begin, std::size_t end) -> GpuResult<void> {
    for (; begin < end; begin += kRowBlock) {
      std::array<double, kRowBlock> sums{};
      const std::size_t size = std::min(kRowBlock, end - begin);
      const float* const rows = samples.data() + begin * params.n_features;
      RowBlock rows_block(workers.poll(), packed, params, tree_nodes, rows, std::span(sums).first(size));
      if (auto result = rows_block.predict(tree_offsets); !result) return result;
      for (std::size_t i = 0; i < size; ++i) {
        output[begin + i] = static_cast<float>(sums[i] / static_cast<double>(params.n_trees));
      }
    }
    return {};
  };

  std::atomic<bool> failed = false;
  const std::size_t block = kRowBlock * (1 + kTreesPerBlock / params.n_trees);
  const bool finished = workers.for_blocks(params.batch_size, block, [&](std::size_t begin, std::size_t end) {
    if (!failed && !predict_block(begin, end)) failed = true;
  });
  if (!finished) return interrupted();
  // Which block failed first depends on the threads; which error is reported must not.
  return failed ? predict_block(0, params.batch_size) : GpuResult<void>();
}

}  // namespace gpu_host::cpu
