// Grows one tree after the other: bootstrap, then depth first from the root,
// each node at the best split that the device's scores name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataset.hpp"
#include "error.hpp"
#include "forest.hpp"
#include "split_search.hpp"

namespace wasm_ml {

class TreeGrower {
 public:
  // All three outlive the grower.
  TreeGrower(const TrainingSet& set, const ForestParams& params, SplitSearch& search);

  // Appends a tree's nodes, root first.
  [[nodiscard]] Result<void> grow(std::uint32_t seed_of_tree, std::vector<TreeNode>& nodes);

 private:
  // A node that is still a leaf without value; rows_[begin, end) reach it.
  struct Open {
    std::uint32_t node;  // in the tree
    std::size_t begin;
    std::size_t end;
    std::uint32_t depth;
  };
  struct Split {
    float score;
    std::uint32_t feature;
    float threshold;
  };

  [[nodiscard]] Result<void> draw_rows(std::uint32_t seed_of_tree);
  [[nodiscard]] std::span<const std::uint32_t> rows_of(const Open& open) const;
  [[nodiscard]] bool may_split(const Open& open) const;
  [[nodiscard]] Result<std::optional<Split>> best_split(const Open& open, std::uint32_t seed_of_tree);
  [[nodiscard]] Result<void> consider(std::uint32_t feature, std::optional<Split>& best);
  [[nodiscard]] std::size_t partition(const Open& open, const Split& split);
  [[nodiscard]] float mean_label(const Open& open) const;

  const TrainingSet& set_;
  const ForestParams& params_;
  SplitSearch& search_;

  // Of the tree that grows: its different rows, ordered so that each node's are
  // together, and how often each row of the set was drawn.
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint32_t> counts_;

  // Scratch, kept so that growing allocates nothing.
  std::vector<std::uint32_t> drawn_;
  std::vector<std::uint32_t> right_rows_;
  std::vector<std::uint32_t> features_;
  std::vector<float> values_;
  std::vector<float> thresholds_;
  std::vector<float> scores_;
  std::vector<Open> open_;
};

}  // namespace wasm_ml
