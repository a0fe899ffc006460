// The trees of a finished forest, and what they are made from.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <expected>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "backend/cpu/forest/walk_nodes.hpp"
#include "backend/cpu/parallel.hpp"
#include "backend/forest_engine.hpp"
#include "util/large_array.hpp"

namespace gpu_host::cpu {

// Of a node's weight: more would not fit where packed models keep it.
inline constexpr std::uint64_t kMostWeight = std::numeric_limits<std::uint32_t>::max();

// The targets of the rows in each leaf, for quantiles.
struct LeafTargets {
  std::vector<std::uint64_t> offsets;  // of each leaf's entries, and their number
  std::vector<float> targets;          // ascending in each leaf
  std::vector<std::uint32_t> multiplicities;
  std::vector<std::uint64_t> sums;  // of what the entries of a leaf weigh (docs/forest-numerics.md, 7), up to each

  [[nodiscard]] static std::uint64_t bytes(std::uint64_t n_leaves, std::uint64_t n_entries) {
    return (n_leaves + 1) * sizeof(std::uint64_t) +
           n_entries * (sizeof(float) + sizeof(std::uint32_t) + sizeof(std::uint64_t));
  }
  // Fills the sums from the rest. In part where the poll says to stop.
  void add_up(Poll& poll);
};

// What is known of trees before they are there.
struct TreesShape {
  std::uint32_t n_features = 0;
  LeafKind leaves = LeafKind::number;
  std::uint32_t n_outputs = 1;
  bool average = true;
  bool has_weights = true;
  std::uint8_t weight_bytes = 0;  // of a leaf's, where it is not the sum of its classes'
  bool has_leaf_targets = false;
  std::vector<std::uint64_t> offsets;  // of each tree's nodes, and their number

  [[nodiscard]] std::uint32_t n_trees() const { return static_cast<std::uint32_t>(offsets.size() - 1); }
  [[nodiscard]] std::uint64_t n_nodes() const { return offsets.back(); }
  [[nodiscard]] std::uint64_t n_leaves() const { return first_leaf(n_trees()); }
  [[nodiscard]] std::uint64_t first_leaf(std::uint64_t tree) const { return (offsets[tree] + tree) / 2; }
  [[nodiscard]] std::uint32_t most_of_a_tree() const;
  // Numbers that a tree says of a row.
  [[nodiscard]] std::uint32_t tree_numbers() const { return leaves == LeafKind::number ? 1 : n_outputs; }
  // Whether a leaf's number lies in its node: of two classes it is that of the second.
  [[nodiscard]] bool is_inline() const {
    return leaves == LeafKind::number || (leaves == LeafKind::classes && n_outputs == 2);
  }
};

// Numbers of 1, 2 or 4 bytes, not initialised.
class NarrowNumbers {
 public:
  NarrowNumbers() = default;
  NarrowNumbers(std::uint64_t n, std::uint8_t width) : bytes_(n * width), width_(width) {}

  [[nodiscard]] std::uint32_t operator[](std::uint64_t i) const {
    std::uint32_t number = 0;
    std::memcpy(&number, bytes_.get() + i * width_, width_);
    return number;
  }
  void set(std::uint64_t i, std::uint32_t number) { std::memcpy(bytes_.get() + i * width_, &number, width_); }
  // As they lie.
  [[nodiscard]] std::byte* from(std::uint64_t i) { return bytes_.get() + i * width_; }
  [[nodiscard]] const std::byte* from(std::uint64_t i) const { return bytes_.get() + i * width_; }

 private:
  LargeArray<std::byte> bytes_;
  std::uint8_t width_ = 0;
};

// The trees as they are walked. Nodes of a tree are numbered by depth, then from left to right.
struct ModelTrees {
  explicit ModelTrees(TreesShape of);

  // Without leaf targets.
  [[nodiscard]] static std::uint64_t bytes(const TreesShape& shape);

  TreesShape shape;
  WalkNodes nodes;                          // the value of a leaf: its number, or which leaf of the forest it is
  NarrowNumbers leaf_weights;               // where the shape has bytes for them
  LargeArray<float> leaf_values;            // where they are not in the nodes: n_outputs of each leaf
  LargeArray<std::uint32_t> leaf_classes;   // with weights: n_outputs of each leaf
  std::vector<double> base;                 // n_outputs or none
  std::vector<std::uint32_t> tree_outputs;  // n_trees or none
  std::optional<LeafTargets> leaf_targets;
  std::vector<std::uint32_t> leaf_numbers;  // with leaf targets: which leaf of the forest a node is
};

// What a leaf of classes says of one (docs/forest-numerics.md, 7).
[[nodiscard]] inline float probability(std::uint64_t weight, std::uint64_t sum) {
  const std::uint64_t of = (weight << 25U) + sum;
  // Of small numbers it is faster.
  const std::uint64_t units =
      sum < 64 ? static_cast<std::uint32_t>(of) / static_cast<std::uint32_t>(2 * sum) : of / (2 * sum);
  return static_cast<float>(units) * 0x1p-24F;
}

// A node whose leaves weigh too much.
struct Overweight {
  std::uint32_t node;
  std::uint64_t weight;
};

// Of all nodes of a tree that has weights, or a node that weighs 2^32 or more. In part where the poll says to stop.
[[nodiscard]] std::expected<std::vector<std::uint32_t>, Overweight> node_weights(const ModelTrees& trees,
                                                                                 std::size_t tree, Poll& poll);

// Fills leaf_numbers, where there are leaf targets.
void number_leaves(ModelTrees& trees, Workers& workers);

// Of numbers: the largest, and the smallest that is not 0, without their signs.
class Magnitudes {
 public:
  void add(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value) & 0x7fffffffU;
    most_ = std::max(most_, bits);
    below_least_ = std::min(below_least_, bits - 1);
  }
  void add(const Magnitudes& other) {
    most_ = std::max(most_, other.most_);
    below_least_ = std::min(below_least_, other.below_least_);
  }
  [[nodiscard]] float most() const { return std::bit_cast<float>(most_); }
  [[nodiscard]] float least() const { return std::bit_cast<float>(below_least_ + 1); }  // where any is not 0

 private:
  std::uint32_t most_ = 0;
  std::uint32_t below_least_ = 0xffffffff;
};

// Puts the numbers of leaves and the base on the grid (docs/forest-numerics.md, 7). `magnitudes` of each tree's. In
// part once the workers are told to stop.
void put_on_grid(ModelTrees& trees, std::span<const Magnitudes> magnitudes, Workers& workers);

// Of forests, one after the other, without base and outputs of trees; `none` is that of no trees of their kind.
[[nodiscard]] TreesShape merged_shape(TreesShape none, std::span<const ModelTrees> forests);
// Takes the forests apart, and gives their memory back one by one; where it throws std::bad_alloc, they are as they
// were. In part once the workers are told to stop.
[[nodiscard]] ModelTrees joined_small(std::span<ModelTrees> forests, TreesShape shape, Workers& workers);
// The same on all threads, to predict with: on the grid, and with all that leaf targets need.
[[nodiscard]] ModelTrees merged(std::vector<ModelTrees> forests, TreesShape shape, Workers& workers);

// Of trees that were made elsewhere: invalid_params that name tree and node. Their memory goes to `charge`.
[[nodiscard]] GpuResult<ModelTrees> created_trees(const ForestModelParams& params, MemoryCharge& charge,
                                                  Workers& workers);

}  // namespace gpu_host::cpu
