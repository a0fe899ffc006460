#include "backend/cpu/forest/packing.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <vector>

#include "forest/model.hpp"

namespace gpu_host::cpu {
namespace {

using forest::PackedLayout;
using forest::PackedLeaves;
using forest::PackedShape;
using forest::PackedStream;

static_assert(static_cast<int>(PackedLeaves::classes) == static_cast<int>(LeafKind::classes) &&
              static_cast<int>(PackedLeaves::vector) == static_cast<int>(LeafKind::vector));

// Numbers of 1, 2 or 4 bytes, or floats.
class Writer {
 public:
  Writer(std::byte* to, std::uint8_t width) : to_(to), width_(width) {}
  void put(std::uint32_t value) {
    std::memcpy(to_, &value, width_);
    to_ += width_;
  }
  void put(float value) { put(std::bit_cast<std::uint32_t>(value)); }

 private:
  std::byte* to_;
  std::uint8_t width_;
};

std::uint32_t most_of(std::span<const std::uint32_t> numbers) {
  std::uint32_t most = 0;
  for (const std::uint32_t number : numbers) most = std::max(most, number);
  return most;
}

void set_bit(std::byte* bits, std::uint32_t i) { bits[i / 8] |= std::byte{1} << (i % 8); }

template <class Nodes>
void pack_tree(const ModelTrees& trees, const Nodes& nodes, const PackedLayout& layout, std::size_t tree, std::byte* to,
               Poll& poll) {
  const PackedShape& packed = layout.shape;
  const TreesShape& shape = trees.shape;
  const std::uint64_t first = shape.offsets[tree];
  const std::uint64_t inner = forest::first_inner(first, tree);
  std::uint64_t leaf = shape.first_leaf(tree);
  std::byte* const kinds = to + layout.begin(PackedStream::kinds) + layout.trees[tree].kinds;
  std::byte* const missing = to + layout.begin(PackedStream::missing) + layout.trees[tree].missing;
  const bool has_counts = shape.leaves == LeafKind::classes && packed.has_weights;
  const std::uint32_t n_numbers = forest::packed_leaf_numbers(packed);
  const std::uint8_t value_bytes = has_counts ? packed.weight_bytes : sizeof(float);
  Writer features(to + layout.begin(PackedStream::features) + inner * packed.feature_bytes, packed.feature_bytes);
  Writer thresholds(to + layout.begin(PackedStream::thresholds) + inner * sizeof(float), sizeof(float));
  Writer values(to + layout.begin(PackedStream::leaf_values) + leaf * n_numbers * value_bytes, value_bytes);
  std::uint32_t n_inner = 0;
  for (std::uint32_t i = 0; first + i < shape.offsets[tree + 1]; ++i) {
    if (poll.stop(n_numbers)) return;
    const WalkNode node = nodes[first + i];
    if (node.feature != shape.n_features) {
      set_bit(kinds, i);
      if (node.missing_left) set_bit(missing, n_inner);
      ++n_inner;
      features.put(node.feature);
      thresholds.put(from_ordered_bits(node.value));
      continue;
    }
    for (std::uint64_t k = leaf * n_numbers; k < (leaf + 1) * n_numbers; ++k) {
      if (has_counts) {
        values.put(trees.leaf_classes[k]);
      } else if (shape.is_inline()) {
        values.put(node.value);
      } else {
        values.put(trees.leaf_values[k]);
      }
    }
    ++leaf;
  }
}

}  // namespace

PackedLayout layout_of(const ModelTrees& trees, PackedParts parts) {
  const TreesShape& shape = trees.shape;
  PackedShape packed{.numerics = forest::kNumericsVersion,
                     .n_trees = shape.n_trees(),
                     .n_features = shape.n_features,
                     .n_outputs = shape.n_outputs,
                     .leaves = static_cast<PackedLeaves>(shape.leaves),
                     .average = shape.average,
                     .has_base = !trees.base.empty(),
                     .has_tree_outputs = !trees.tree_outputs.empty(),
                     .has_weights = parts.weights,
                     .has_leaf_targets = parts.leaf_targets,
                     .feature_bytes = forest::bytes_for(shape.n_features - 1)};
  if (parts.weights) {
    const std::span<const std::uint32_t> classes(
        trees.leaf_classes.get(), shape.leaves == LeafKind::classes ? shape.n_leaves() * shape.n_outputs : 0);
    packed.weight_bytes = classes.empty() ? shape.weight_bytes : forest::bytes_for(most_of(classes));
  }
  if (parts.leaf_targets) {
    packed.n_entries = trees.leaf_targets->targets.size();
    packed.multiplicity_bytes = forest::bytes_for(most_of(trees.leaf_targets->multiplicities));
  }
  std::vector<std::uint32_t> tree_nodes(shape.n_trees());
  for (std::size_t tree = 0; tree < tree_nodes.size(); ++tree) {
    tree_nodes[tree] = static_cast<std::uint32_t>(shape.offsets[tree + 1] - shape.offsets[tree]);
  }
  return forest::packed_layout(packed, tree_nodes);
}

void pack(const ModelTrees& trees, const PackedLayout& layout, std::span<std::byte> to, Workers& workers) {
  std::ranges::fill(to, std::byte{});
  const auto begin = [&](PackedStream stream) { return to.data() + layout.begin(stream); };
  const auto copy = [&](PackedStream stream, const auto& from) {
    if (!from.empty()) std::memcpy(begin(stream), from.data(), from.size() * sizeof(from[0]));
  };
  copy(PackedStream::base, trees.base);
  copy(PackedStream::tree_outputs, trees.tree_outputs);
  if (trees.shape.weight_bytes != 0 && layout.shape.has_weights) {
    std::memcpy(begin(PackedStream::weights), trees.leaf_weights.from(0), layout.n_leaves() * trees.shape.weight_bytes);
  }
  const bool done = workers.for_each(trees.shape.n_trees(), [&](std::size_t tree) {
    Poll poll = workers.poll();
    trees.nodes.visit([&](const auto& nodes) { pack_tree(trees, nodes, layout, tree, to.data(), poll); });
  });
  if (!done) return;
  if (layout.shape.has_leaf_targets) {
    const LeafTargets& from = *trees.leaf_targets;
    Writer leaf_rows(begin(PackedStream::leaf_rows), sizeof(std::uint32_t));
    for (std::uint64_t leaf = 0; leaf < layout.n_leaves(); ++leaf) {
      leaf_rows.put(static_cast<std::uint32_t>(from.offsets[leaf + 1] - from.offsets[leaf]));
    }
    copy(PackedStream::targets, from.targets);
    Writer multiplicities(begin(PackedStream::multiplicities), layout.shape.multiplicity_bytes);
    for (const std::uint32_t multiplicity : from.multiplicities) multiplicities.put(multiplicity);
  }
  forest::write_packed_header(layout, to);
}

}  // namespace gpu_host::cpu
