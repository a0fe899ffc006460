#include "packed_trees.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "text.hpp"

namespace wasm_ml {
namespace {

using gpu_host::forest::first_inner;
using gpu_host::forest::first_leaf;
using gpu_host::forest::PackedLayout;
using gpu_host::forest::PackedLeaves;
using gpu_host::forest::PackedShape;
using gpu_host::forest::PackedStream;

constexpr std::uint32_t kNumerics = 1;

Result<PackedLayout> layout_of(std::string_view packed) {
  auto layout = gpu_host::forest::read_packed_layout(std::as_bytes(std::span(packed)));
  if (!layout) return fail("its trees: " + layout.error());
  const std::uint32_t numerics = layout->shape.numerics;
  if (numerics == 0 || numerics > kNumerics) {
    return fail(
        format("its trees: version %lu of the numerics is not known here", static_cast<unsigned long>(numerics)));
  }
  return *std::move(layout);
}

// A tree's nodes by depth, then from left to right: numbers in `nodes`.
std::vector<std::uint32_t> in_levels(std::span<const TreeNode> nodes) {
  std::vector<std::uint32_t> order{0};
  order.reserve(nodes.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const TreeNode& node = nodes[order[i]];
    if (node.is_leaf()) continue;
    order.push_back(node.left);
    order.push_back(node.right);
  }
  return order;
}

bool has_bit(const char* bits, std::uint64_t i) {
  return (static_cast<unsigned char>(bits[i / 8]) >> (i % 8) & 1U) != 0;
}

template <class T>
T load(std::string_view packed, std::uint64_t begin, std::uint64_t at) {
  T value;
  std::memcpy(&value, packed.data() + begin + at * sizeof(T), sizeof(T));
  return value;
}

// Trees of a packed model in the order of their nodes, checked as far as is needed to follow them.
class PackedTrees {
 public:
  PackedTrees(const PackedLayout& layout, std::string_view packed) : layout_(layout), packed_(packed) {}

  [[nodiscard]] std::uint32_t n_nodes(std::size_t tree) const {
    return static_cast<std::uint32_t>(layout_.trees[tree + 1].first_node - layout_.trees[tree].first_node);
  }
  [[nodiscard]] bool is_inner(std::size_t tree, std::uint32_t node) const {
    return has_bit(stream(PackedStream::kinds) + layout_.trees[tree].kinds, node);
  }
  [[nodiscard]] bool missing_left(std::size_t tree, std::uint32_t inner) const {
    return has_bit(stream(PackedStream::missing) + layout_.trees[tree].missing, inner);
  }
  [[nodiscard]] std::uint32_t feature(std::size_t tree, std::uint32_t inner) const {
    const std::uint64_t at = first_inner(layout_.trees[tree].first_node, tree) + inner;
    const std::uint64_t begin = layout_.begin(PackedStream::features);
    return layout_.shape.feature_bytes == 1 ? load<std::uint8_t>(packed_, begin, at)
                                            : load<std::uint16_t>(packed_, begin, at);
  }
  [[nodiscard]] float threshold(std::size_t tree, std::uint32_t inner) const {
    return load<float>(packed_, layout_.begin(PackedStream::thresholds),
                       first_inner(layout_.trees[tree].first_node, tree) + inner);
  }
  [[nodiscard]] float value(std::size_t tree, std::uint32_t leaf) const {
    return load<float>(packed_, layout_.begin(PackedStream::leaf_values),
                       first_leaf(layout_.trees[tree].first_node, tree) + leaf);
  }

  // Edges of the tree's longest path.
  [[nodiscard]] Result<std::uint32_t> depth(std::size_t tree) const {
    std::uint32_t depth = 0;
    std::uint32_t n_inner = 0;
    std::uint32_t level_end = 1;
    for (std::uint32_t node = 0; node < n_nodes(tree); ++node) {
      if (node == level_end) {
        level_end = 1 + 2 * n_inner;
        ++depth;
      }
      if (node >= level_end) {
        return fail(format("its trees: tree %zu, node %lu: no node before it is its parent", tree,
                           static_cast<unsigned long>(node)));
      }
      n_inner += is_inner(tree, node) ? 1 : 0;
    }
    if (n_inner != n_nodes(tree) / 2) return fail(format("its trees: tree %zu has not all its nodes", tree));
    return depth;
  }

 private:
  [[nodiscard]] const char* stream(PackedStream which) const { return packed_.data() + layout_.begin(which); }

  const PackedLayout& layout_;
  std::string_view packed_;
};

}  // namespace

Result<TreesSummary> summarize(std::string_view packed) {
  const auto layout = layout_of(packed);
  if (!layout) return std::unexpected(layout.error());
  const PackedShape& shape = layout->shape;
  TreesSummary summary{.n_trees = shape.n_trees,
                       .n_nodes = layout->n_nodes(),
                       .n_features = shape.n_features,
                       .n_outputs = shape.n_outputs,
                       .has_weights = shape.has_weights,
                       .has_leaf_targets = shape.has_leaf_targets,
                       .bytes = layout->size};
  const PackedTrees trees(*layout, packed);
  for (std::size_t tree = 0; tree < shape.n_trees; ++tree) {
    const auto depth = trees.depth(tree);
    if (!depth) return std::unexpected(depth.error());
    summary.depth = std::max(summary.depth, *depth);
  }
  return summary;
}

Result<Aggregation> aggregation_of(std::string_view packed) {
  const auto layout = layout_of(packed);
  if (!layout) return std::unexpected(layout.error());
  const PackedShape& shape = layout->shape;
  Aggregation aggregation{.average = shape.average, .base = {}, .tree_outputs = {}};
  for (std::uint32_t k = 0; k < shape.n_outputs && shape.has_base; ++k) {
    aggregation.base.push_back(load<double>(packed, layout->begin(PackedStream::base), k));
  }
  for (std::uint32_t tree = 0; tree < shape.n_trees && shape.has_tree_outputs; ++tree) {
    aggregation.tree_outputs.push_back(load<std::uint32_t>(packed, layout->begin(PackedStream::tree_outputs), tree));
  }
  return aggregation;
}

std::string pack_trees(const Forest& forest) {
  std::vector<std::uint32_t> tree_nodes;
  for (std::size_t tree = 0; tree < forest.tree_offsets.size(); ++tree) {
    tree_nodes.push_back(static_cast<std::uint32_t>(::wasm_ml::tree_nodes(forest, tree).size()));
  }
  const auto n_features = static_cast<std::uint32_t>(forest.feature_names.size());
  const PackedLayout layout =
      gpu_host::forest::packed_layout({.numerics = kNumerics,
                                       .n_trees = static_cast<std::uint32_t>(tree_nodes.size()),
                                       .n_features = n_features,
                                       .n_outputs = 1,
                                       .average = true,
                                       .feature_bytes = gpu_host::forest::bytes_for(n_features - 1)},
                                      tree_nodes);
  std::string packed(layout.size, '\0');
  const auto put = [&](PackedStream stream, std::uint64_t at, const auto& value, std::size_t width) {
    std::memcpy(packed.data() + layout.begin(stream) + at * width, &value, width);
  };
  for (std::size_t tree = 0; tree < tree_nodes.size(); ++tree) {
    const auto nodes = ::wasm_ml::tree_nodes(forest, tree);
    std::uint64_t inner = first_inner(layout.trees[tree].first_node, tree);
    std::uint64_t leaf = first_leaf(layout.trees[tree].first_node, tree);
    char* const kinds = packed.data() + layout.begin(PackedStream::kinds) + layout.trees[tree].kinds;
    const std::vector<std::uint32_t> order = in_levels(nodes);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const TreeNode& node = nodes[order[i]];
      if (node.is_leaf()) {
        put(PackedStream::leaf_values, leaf++, node.threshold, sizeof(float));
        continue;
      }
      kinds[i / 8] = static_cast<char>(static_cast<unsigned char>(kinds[i / 8]) | 1U << (i % 8));
      put(PackedStream::features, inner, node.feature, layout.shape.feature_bytes);
      put(PackedStream::thresholds, inner++, node.threshold, sizeof(float));
    }
  }
  gpu_host::forest::write_packed_header(layout, std::as_writable_bytes(std::span(packed)));
  return packed;
}

Result<Forest> unpack_trees(std::string_view packed) {
  const auto layout = layout_of(packed);
  if (!layout) return std::unexpected(layout.error());
  const PackedShape& shape = layout->shape;
  if (shape.leaves != PackedLeaves::number || shape.n_outputs != 1) {
    return fail("its leaves have more than a number each, which the 0.1.0 kernels cannot predict");
  }
  if (!shape.average || shape.has_base) return fail("sums of trees are more than the 0.1.0 kernels can predict");
  if (layout->n_nodes() > std::numeric_limits<std::uint32_t>::max()) return fail("the forest has too many nodes");
  const PackedTrees trees(*layout, packed);
  Forest forest;
  forest.feature_names.resize(shape.n_features);
  forest.nodes.reserve(static_cast<std::size_t>(layout->n_nodes()));
  for (std::size_t tree = 0; tree < shape.n_trees; ++tree) {
    const auto depth = trees.depth(tree);
    if (!depth) return std::unexpected(depth.error());
    forest.depth = std::max(forest.depth, *depth);
    forest.tree_offsets.push_back(static_cast<std::uint32_t>(forest.nodes.size()));
    std::uint32_t n_inner = 0;
    for (std::uint32_t node = 0; node < trees.n_nodes(tree); ++node) {
      if (!trees.is_inner(tree, node)) {
        const float value = trees.value(tree, node - n_inner);
        if (!std::isfinite(value)) return fail(format("its trees: tree %zu: a leaf's number is not finite", tree));
        forest.nodes.push_back({.feature = -1, .threshold = value, .left = 0, .right = 0});
        continue;
      }
      const std::uint32_t feature = trees.feature(tree, n_inner);
      const float threshold = trees.threshold(tree, n_inner);
      if (feature >= shape.n_features || std::isnan(threshold)) {
        return fail(format("its trees: tree %zu, node %lu is not valid", tree, static_cast<unsigned long>(node)));
      }
      forest.knows_missing |= trees.missing_left(tree, n_inner);
      forest.nodes.push_back({.feature = static_cast<std::int32_t>(feature),
                              .threshold = threshold,
                              .left = 2 * n_inner + 1,
                              .right = 2 * n_inner + 2});
      ++n_inner;
    }
  }
  return forest;
}

}  // namespace wasm_ml
