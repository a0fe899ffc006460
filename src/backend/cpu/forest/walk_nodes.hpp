// Nodes of finished trees as predictions walk them: 8 bytes each, 12 where there are too many features and nodes.
//
// Floats are compared as integers in the same order, and a leaf is its own child on both sides: it compares a
// feature of which every row has the lowest value. So a walk has no branch that depends on the data.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "util/large_array.hpp"

namespace gpu_host::cpu {

inline constexpr std::uint32_t kMissingValue = 0xffffffff;  // goes right, where a node does not say otherwise

// In the order of floats; −0 and 0 are one. Not of NaN.
[[nodiscard]] inline std::uint32_t ordered_bits(float value) {
  const auto bits = std::bit_cast<std::int32_t>(value + 0.0F);
  return static_cast<std::uint32_t>(bits) ^ (static_cast<std::uint32_t>(bits >> 31) | 0x80000000U);  // no branch
}

[[nodiscard]] inline float from_ordered_bits(std::uint32_t bits) {
  return std::bit_cast<float>(bits >> 31U != 0 ? bits & 0x7fffffffU : ~bits);
}

// As all loops see them: what a row's value is compared with, of which feature, and where to go.
struct NarrowNode {
  std::uint32_t value;  // an ordered threshold; of a leaf its own bits
  std::uint32_t bits;   // the feature, whether missing values go left, the left child: from the highest bit on
};
struct WideNode {
  std::uint32_t value;
  std::uint32_t child;
  std::uint32_t bits;  // the feature, and in the highest bit whether missing values go left
};

struct WalkNode {
  std::uint32_t value;
  std::uint32_t feature;
  std::uint32_t child;  // the left one, in its tree; the right one is the next
  bool missing_left;
};

// Nodes of trees from `first` on.
class NarrowNodes {
 public:
  NarrowNodes(NarrowNode* first, std::uint32_t child_bits)
      : first_(first), shift_(child_bits + 1), missing_(1U << child_bits), child_mask_(missing_ - 1) {}

  [[nodiscard]] WalkNode operator[](std::uint64_t at) const {
    const NarrowNode node = first_[at];
    return {node.value, node.bits >> shift_, node.bits & child_mask_, (node.bits & missing_) != 0};
  }
  void set(std::uint64_t at, const WalkNode& node) const {
    put(at, {node.value, bits(node.feature, node.missing_left ? 1 : 0, node.child)});
  }
  void put(std::uint64_t at, NarrowNode node) const { first_[at] = node; }
  // `missing_left`: 1 or 0.
  [[nodiscard]] std::uint32_t bits(std::uint32_t feature, std::uint32_t missing_left, std::uint32_t child) const {
    return feature << shift_ | missing_left << (shift_ - 1) | child;
  }
  void prefetch(std::uint64_t at) const { __builtin_prefetch(first_ + at); }
  [[nodiscard]] NarrowNodes from(std::uint64_t at) const { return {first_ + at, shift_ - 1}; }

 private:
  NarrowNode* first_;
  std::uint32_t shift_;
  std::uint32_t missing_;
  std::uint32_t child_mask_;
};

class WideNodes {
 public:
  explicit WideNodes(WideNode* first) : first_(first) {}

  [[nodiscard]] WalkNode operator[](std::uint64_t at) const {
    const WideNode node = first_[at];
    return {node.value, node.bits & kFeature, node.child, node.bits > kFeature};
  }
  void set(std::uint64_t at, const WalkNode& node) const {
    first_[at] = {node.value, node.child, node.feature | (node.missing_left ? kFeature + 1 : 0)};
  }
  void prefetch(std::uint64_t at) const { __builtin_prefetch(first_ + at); }
  [[nodiscard]] WideNodes from(std::uint64_t at) const { return WideNodes(first_ + at); }

 private:
  static constexpr std::uint32_t kFeature = 0x7fffffff;
  WideNode* first_;
};

// All nodes of a forest, in the order of its trees.
class WalkNodes {
 public:
  WalkNodes(std::uint64_t n_nodes, std::uint32_t most_of_a_tree, std::uint32_t n_features)
      : leaf_feature_(n_features), child_bits_(child_bits(n_features)) {
    if (is_wide(most_of_a_tree, n_features)) {
      wide_ = LargeArray<WideNode>(n_nodes);
    } else {
      narrow_ = LargeArray<NarrowNode>(n_nodes);
    }
  }

  [[nodiscard]] static std::uint64_t bytes(std::uint64_t n_nodes, std::uint32_t most_of_a_tree,
                                           std::uint32_t n_features) {
    return n_nodes * (is_wide(most_of_a_tree, n_features) ? sizeof(WideNode) : sizeof(NarrowNode));
  }

  // That of leaves: one more than there are.
  [[nodiscard]] std::uint32_t leaf_feature() const { return leaf_feature_; }

  // All nodes of others, which are of the same kind, from there on.
  void copy_from(std::uint64_t at, const WalkNodes& others, std::uint64_t n) {
    if (wide_) {
      std::copy_n(others.wide_.get(), n, wide_.get() + at);
    } else {
      std::copy_n(others.narrow_.get(), n, narrow_.get() + at);
    }
  }
  [[nodiscard]] bool are_as(const WalkNodes& others) const {
    return leaf_feature_ == others.leaf_feature_ && static_cast<bool>(wide_) == static_cast<bool>(others.wide_);
  }

  // visit(nodes), of their kind.
  template <class Visit>
  auto visit(const Visit& visit) const {
    return wide_ ? visit(WideNodes(wide_.get())) : visit(NarrowNodes(narrow_.get(), child_bits_));
  }

 private:
  [[nodiscard]] static std::uint32_t child_bits(std::uint32_t n_features) {
    return 31 - static_cast<std::uint32_t>(std::bit_width(n_features));
  }
  [[nodiscard]] static bool is_wide(std::uint32_t most_of_a_tree, std::uint32_t n_features) {
    return most_of_a_tree > 1U << child_bits(n_features);
  }

  std::uint32_t leaf_feature_;
  std::uint32_t child_bits_;
  LargeArray<NarrowNode> narrow_;
  LargeArray<WideNode> wide_;
};

}  // namespace gpu_host::cpu
