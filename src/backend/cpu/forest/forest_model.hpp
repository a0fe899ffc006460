// A finished forest of forest_engine.hpp on the CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/cpu/parallel.hpp"
#include "backend/forest_engine.hpp"
#include "forest/model.hpp"

namespace gpu_host::cpu {

// A tree as it is kept: what predictions need, and the weights of nodes.
struct ModelTree {
  struct Node {
    std::int32_t feature;   // -1: a leaf
    float value;            // a threshold, or what a leaf of a regression predicts
    std::uint32_t left;     // the right child is the next one
    std::uint32_t missing;  // the child that missing values go to
    std::uint32_t weight;
  };
  std::vector<Node> nodes;
  std::vector<std::uint32_t> leaf_classes;  // of a classification: each leaf's weight of each class, in their order

  [[nodiscard]] std::uint32_t n_leaves() const { return static_cast<std::uint32_t>(nodes.size() / 2 + 1); }
  [[nodiscard]] std::uint64_t bytes() const {
    // Its place among trees, in the offsets of a model, and what its two blocks cost beside their bytes.
    constexpr std::uint64_t kOfTree = 128;
    return kOfTree + nodes.capacity() * sizeof(Node) + leaf_classes.capacity() * sizeof(std::uint32_t);
  }
};

[[nodiscard]] ModelTree model_tree(const forest::Tree& tree, std::uint32_t n_classes);

// Sums of predictions of trees for the rows that they did not draw.
struct OutOfBag {
  std::vector<double> sums;           // of each row, or of each of its classes
  std::vector<std::uint32_t> counts;  // of trees
};

class CpuForestModel final : public ForestModel {
 public:
  struct Content {
    std::uint32_t n_features = 0;
    std::uint32_t n_classes = 0;
    std::uint32_t n_rows = 0;
    std::vector<ModelTree> trees;
    std::vector<double> importances;
    std::optional<OutOfBag> out_of_bag;
  };

  CpuForestModel(Content content, MemoryCharge charge, Workers& workers);

  [[nodiscard]] const ForestShape& shape() const override { return shape_; }
  [[nodiscard]] bool has_out_of_bag() const override { return content_.out_of_bag.has_value(); }
  [[nodiscard]] std::uint32_t n_rows() const override { return content_.n_rows; }
  [[nodiscard]] GpuResult<std::vector<std::uint64_t>> tree_offsets() override { return offsets_; }
  [[nodiscard]] GpuResult<std::vector<double>> importances() override { return content_.importances; }
  [[nodiscard]] GpuResult<void> write_nodes(std::uint64_t first, std::uint64_t n_nodes, Buffer& output,
                                            std::uint64_t offset) override;
  [[nodiscard]] GpuResult<void> write_leaf_classes(std::uint64_t first, std::uint64_t n_leaves, Buffer& output,
                                                   std::uint64_t offset) override;
  [[nodiscard]] GpuResult<void> write_out_of_bag(Buffer& output, std::uint64_t offset) override;

 private:
  Content content_;
  MemoryCharge charge_;
  Workers& workers_;
  ForestShape shape_;
  std::vector<std::uint64_t> offsets_;       // of each tree's nodes, and their number
  std::vector<std::uint64_t> leaf_offsets_;  // the same of its leaves
};

}  // namespace gpu_host::cpu
