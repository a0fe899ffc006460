// Where everything is in a packed model (docs/packed-model.md). Guests compile it too: it throws nothing but
// std::bad_alloc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

namespace gpu_host::forest {

enum class PackedLeaves : std::uint8_t { number, classes, vector };

// What the header says beside versions and sizes.
struct PackedShape {
  std::uint32_t numerics = 0;
  std::uint32_t n_trees = 0;
  std::uint32_t n_features = 0;
  std::uint32_t n_outputs = 0;
  std::uint64_t n_entries = 0;  // of leaf targets
  PackedLeaves leaves = PackedLeaves::number;
  bool average = false;
  bool has_base = false;
  bool has_tree_outputs = false;
  bool has_weights = false;
  bool has_leaf_targets = false;
  std::uint8_t feature_bytes = 1;
  std::uint8_t weight_bytes = 0;
  std::uint8_t multiplicity_bytes = 0;
};

// In their order.
enum class PackedStream : std::uint8_t {
  tree_nodes,
  base,
  tree_outputs,
  kinds,
  missing,
  features,
  thresholds,
  leaf_values,
  weights,
  leaf_rows,
  targets,
  multiplicities,
};

inline constexpr std::size_t kPackedStreams = 12;
inline constexpr std::size_t kPackedHeaderBytes = 64;
inline constexpr std::uint64_t kMostModelNodes = std::uint64_t{1} << 31;

// Of a tree whose first node has number `first_node` in the forest and that is the `tree`-th.
[[nodiscard]] constexpr std::uint64_t first_inner(std::uint64_t first_node, std::uint64_t tree) {
  return (first_node - tree) / 2;
}
[[nodiscard]] constexpr std::uint64_t first_leaf(std::uint64_t first_node, std::uint64_t tree) {
  return (first_node + tree) / 2;
}

struct PackedTree {
  std::uint64_t first_node = 0;
  std::uint64_t kinds = 0;    // byte of its stream
  std::uint64_t missing = 0;  // byte of its stream
};

struct PackedLayout {
  PackedShape shape;
  std::vector<PackedTree> trees;  // and one more: their end
  std::array<std::uint64_t, kPackedStreams> begins{};
  std::uint64_t size = 0;

  [[nodiscard]] std::uint64_t begin(PackedStream stream) const { return begins[static_cast<std::size_t>(stream)]; }
  [[nodiscard]] std::uint64_t n_nodes() const { return trees.back().first_node; }
  [[nodiscard]] std::uint64_t n_inner() const { return first_inner(n_nodes(), shape.n_trees); }
  [[nodiscard]] std::uint64_t n_leaves() const { return first_leaf(n_nodes(), shape.n_trees); }
};

// Numbers that leaf_values has for each leaf.
[[nodiscard]] constexpr std::uint32_t packed_leaf_numbers(const PackedShape& shape) {
  if (shape.leaves == PackedLeaves::number) return 1;
  if (shape.leaves == PackedLeaves::classes && !shape.has_weights && shape.n_outputs == 2) return 1;
  return shape.n_outputs;
}

// 1, 2 or 4.
[[nodiscard]] constexpr std::uint8_t bytes_for(std::uint32_t most) {
  if (most < 1U << 8U) return 1;
  return most < 1U << 16U ? 2 : 4;
}

// Of trees with so many nodes: 1, 3, 5, …, at most kMostModelNodes in all.
[[nodiscard]] PackedLayout packed_layout(const PackedShape& shape, std::span<const std::uint32_t> tree_nodes);

// Of a packed model, whose header, sizes and checksum are checked, and nothing else. The error says what is wrong.
[[nodiscard]] std::expected<PackedLayout, std::string> read_packed_layout(std::span<const std::byte> bytes);

// Writes the header and the nodes of trees. The checksum is of what follows it: the last to be written.
void write_packed_header(const PackedLayout& layout, std::span<std::byte> to);

}  // namespace gpu_host::forest
