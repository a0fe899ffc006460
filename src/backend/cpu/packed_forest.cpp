#include "backend/cpu/packed_forest.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "forest/evaluate_tree.hpp"

namespace gpu_host::cpu {
namespace {

// Packing a node takes a small part of the time that a row's walk on unpacked nodes takes.
constexpr std::uint64_t kNodesPerRow = 16;
constexpr std::uint32_t kMinRows = 8;
// Bounds the scratch, 12 bytes a node, which no quota counts.
constexpr std::uint64_t kMostNodes = 1 << 24;
// More trees are a list that takes long to sort.
constexpr std::uint32_t kMaxTrees = 1 << 16;
// Deeper trees are rare, and their walks need to poll.
constexpr std::uint32_t kMaxDepth = 1024;
constexpr std::uint32_t kMaxFeatureBits = 20;
// Nodes that one thread packs at a time.
constexpr std::size_t kPackBlock = 1 << 14;

constexpr std::uint32_t kFirst = 1;  // the root's place: a root that is a leaf needs a node before it

}  // namespace

void PackedForest::list_trees(const BatchPredictParams& params, std::size_t n_nodes,
                              std::span<const std::uint32_t> offsets) {
  trees_.clear();
  for (const std::uint32_t root : offsets.first(params.n_trees)) trees_.push_back({root, 0, 0, 0, false});
  std::ranges::sort(trees_, {}, &Tree::root);
  const auto repeated = std::ranges::unique(trees_, {}, &Tree::root);
  trees_.erase(repeated.begin(), repeated.end());

  const std::uint64_t most = std::min((std::uint64_t{1} << (32 - feature_bits_)) - 1 - kFirst,
                                      kNodesPerRow * std::uint64_t{params.batch_size});
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < trees_.size(); ++i) {
    Tree& tree = trees_[i];
    if (tree.root >= n_nodes) continue;
    // A tree ends where the next one begins. Only the last may end before that.
    const bool is_last = i + 1 == trees_.size();
    const std::uint64_t extent = (is_last ? n_nodes : std::min<std::uint64_t>(trees_[i + 1].root, n_nodes)) - tree.root;
    if (extent > most && !is_last) continue;
    const std::uint64_t limit = std::min(extent, most);
    if (begin + kFirst + limit > kMostNodes) continue;
    tree.limit = static_cast<std::uint32_t>(limit);
    tree.begin = begin;
    begin += kFirst + tree.limit;
  }
  if (nodes_.size() < begin) nodes_.resize(begin);
  if (values_.size() < begin) values_.resize(begin);
}

// Level by level, which finds the depth too. A cycle, or a tree that shares nodes
// among branches, ends at the limit of nodes or of depth.
void PackedForest::pack_tree(Poll poll, Tree& tree, const BatchPredictParams& params,
                             std::span<const forest::Node> source) {
  if (tree.limit == 0) return;
  const std::uint32_t end = kFirst + tree.limit;
  const std::uint32_t max_depth = std::min(params.max_depth, kMaxDepth);
  Node* const nodes = nodes_.data() + tree.begin;
  float* const values = values_.data() + tree.begin;
  std::uint32_t count = kFirst + 1;
  std::uint32_t level_end = count;
  std::uint32_t depth = 0;
  nodes[kFirst].link = 0;  // until its turn: which node of the source
  for (std::uint32_t i = kFirst; i < count; ++i) {
    if (i == level_end) {
      ++depth;
      level_end = count;
    }
    if (poll.stop()) return;
    const forest::Node& node = source[nodes[i].link];
    if (node.feature == forest::kLeaf) {
      nodes[i] = {std::numeric_limits<float>::quiet_NaN(), (i - 1) << feature_bits_};
      values[i] = node.threshold;
      continue;
    }
    const auto feature = static_cast<std::uint32_t>(node.feature);
    if (feature >= params.n_features || node.left >= source.size() || node.right >= source.size()) return;
    if (depth == max_depth || end - count < 2) return;
    nodes[i] = {node.threshold, count << feature_bits_ | feature};
    nodes[count].link = node.left;
    nodes[count + 1].link = node.right;
    count += 2;
  }
  tree.depth = depth;
  tree.is_packed = true;
}

bool PackedForest::pack(Workers& workers, const BatchPredictParams& params, std::span<const forest::Node> nodes,
                        std::span<const std::uint32_t> offsets) {
  trees_.clear();
  feature_bits_ = static_cast<std::uint32_t>(std::bit_width(params.n_features - 1));
  if (params.batch_size < kMinRows || params.n_trees > kMaxTrees || feature_bits_ > kMaxFeatureBits) return true;
  list_trees(params, nodes.size(), offsets);
  std::uint64_t total = 0;
  for (const Tree& tree : trees_) total += tree.limit;
  const std::size_t block = 1 + kPackBlock * trees_.size() / (total + 1);
  return workers.for_blocks(trees_.size(), block, [&](std::size_t begin, std::size_t end) {
    for (Tree& tree : std::span(trees_).subspan(begin, end - begin)) {
      pack_tree(workers.poll(), tree, params, nodes.subspan(std::min<std::size_t>(tree.root, nodes.size())));
    }
  });
}

const PackedForest::Tree* PackedForest::find(std::uint32_t root) const {
  const auto tree = std::ranges::lower_bound(trees_, root, {}, &Tree::root);
  return tree != trees_.end() && tree->root == root && tree->is_packed ? &*tree : nullptr;
}

template <std::size_t n_lanes>
void PackedForest::walk(const Tree& tree, const float* rows, std::size_t n_features, double* sums) const {
  const Node* const nodes = nodes_.data() + tree.begin;
  const std::uint32_t feature_mask = (1U << feature_bits_) - 1;
  std::uint32_t at[n_lanes];
  std::fill_n(at, n_lanes, kFirst);
  for (std::uint32_t edge = 0; edge < tree.depth; ++edge) {
    std::uint32_t moved = 0;
    const float* row = rows;
#pragma GCC unroll 8
    for (std::size_t lane = 0; lane < n_lanes; ++lane, row += n_features) {
      const Node node = nodes[at[lane]];
      const bool is_left = forest::goes_left(row[node.link & feature_mask], node.threshold);
      const std::uint32_t next = (node.link >> feature_bits_) + static_cast<std::uint32_t>(!is_left);
      moved |= next ^ at[lane];
      at[lane] = next;
    }
    if (moved == 0) break;  // all stand on leaves
  }
  for (std::size_t lane = 0; lane < n_lanes; ++lane) sums[lane] += values_[tree.begin + at[lane]];
}

void PackedForest::add_values(const Tree& tree, const float* rows, std::size_t n_features,
                              std::span<double> sums) const {
  std::size_t i = 0;
  for (; i + kLanes <= sums.size(); i += kLanes) walk<kLanes>(tree, rows + i * n_features, n_features, &sums[i]);
  for (; i < sums.size(); ++i) walk<1>(tree, rows + i * n_features, n_features, &sums[i]);
}

}  // namespace gpu_host::cpu
