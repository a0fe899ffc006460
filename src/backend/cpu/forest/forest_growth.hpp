// A forest in growth of forest_engine.hpp on the CPU: trees grow side by side, each on one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "backend/cpu/forest/forest_data.hpp"
#include "backend/cpu/forest/forest_model.hpp"
#include "backend/cpu/forest/grow_tree.hpp"
#include "backend/cpu/forest/steered_tree.hpp"
#include "backend/cpu/parallel.hpp"
#include "backend/forest_engine.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

class CpuForestGrowth final : public ForestGrowth {
 public:
  // The memory of importances and out-of-bag sums is taken here, of what grows when it grows.
  [[nodiscard]] static GpuResult<std::unique_ptr<ForestGrowth>> start(std::shared_ptr<const CpuForestData> data,
                                                                      const forest::Parameters& parameters,
                                                                      const ForestExtras& extras, MemoryBudget& budget,
                                                                      Workers& workers);

  CpuForestGrowth(std::shared_ptr<const CpuForestData> data, const forest::Parameters& parameters, bool leaf_targets,
                  MemoryBudget& budget, Workers& workers);

  [[nodiscard]] std::uint32_t n_trees() const override { return parameters_.n_trees; }
  [[nodiscard]] std::uint32_t n_finished() const override { return n_finished_; }
  [[nodiscard]] std::uint32_t n_open() const override { return static_cast<std::uint32_t>(listed_.size()); }
  [[nodiscard]] GpuResult<void> grow(std::uint32_t n_trees) override;
  [[nodiscard]] GpuResult<std::vector<OpenNode>> open_nodes(std::uint32_t n_trees) override;
  [[nodiscard]] GpuResult<std::vector<std::optional<FoundSplit>>> best_splits() override;
  [[nodiscard]] GpuResult<std::vector<ValueRange>> value_ranges(std::span<const NodeFeature> of) override;
  [[nodiscard]] GpuResult<std::vector<std::optional<FoundSplit>>> evaluate(
      std::span<const SplitCandidate> candidates) override;
  [[nodiscard]] GpuResult<void> split_nodes(std::span<const SplitDecision> decisions) override;
  [[nodiscard]] GpuResult<void> stop() override;
  [[nodiscard]] GpuResult<std::unique_ptr<ForestModel>> finish() override;

 private:
  // An open node that was listed: of which steered tree, and which of its nodes.
  struct Listed {
    std::uint32_t tree;
    std::uint32_t node;
  };

  [[nodiscard]] const DataSet& rows() const { return data_->rows(); }

  // Of the tree with that number, where its leaves keep their targets.
  void add_leaf_targets(GrownTree& grown, std::uint32_t number, Poll& poll) const;

  // -- growth to the end
  // As many growers as memory and threads allow, at least one and at most `most`.
  [[nodiscard]] GpuResult<void> make_growers(std::uint32_t most);
  void keep_growers(std::size_t n);  // of those that there are
  // Grows the next `n` trees; keeps those before the first that finds no memory.
  [[nodiscard]] GpuResult<void> grow_batch(std::uint32_t n);
  [[nodiscard]] bool charge(const GrownTree& grown);  // any thread
  // The next trees of the forest, in their order. Their bytes are in kept_.
  [[nodiscard]] GpuResult<void> keep(std::vector<std::optional<GrownTree>> batch);
  // The memory of a small one would not go back to the system once it is part of the forest.
  [[nodiscard]] GpuResult<void> join_small_trees();

  // -- growth level by level
  [[nodiscard]] GpuResult<void> begin_trees(std::uint32_t most);
  void list_open_nodes();
  // All steered trees go to the next level, and are kept once all are finished.
  [[nodiscard]] GpuResult<void> advance();
  [[nodiscard]] GpuResult<void> keep_steered();
  // Calls body(place, node, scratch) for each place of listed_, on several threads.
  template <class Body>
  [[nodiscard]] GpuResult<void> for_listed(const Body& body);

  std::shared_ptr<const CpuForestData> data_;  // until the trees are put together
  forest::Parameters parameters_;
  bool leaf_targets_;
  Workers& workers_;
  MemoryBudget& budget_;

  std::mutex kept_mutex_;
  MemoryCharge kept_;  // trees, importances, and out-of-bag sums
  std::uint32_t n_finished_ = 0;
  std::vector<ModelTrees> trees_;    // of one or several, in order
  std::size_t n_joined_ = 0;         // of trees_, that stay as they are
  std::vector<double> importances_;  // the sum over trees
  std::uint32_t n_split_trees_ = 0;
  std::optional<OutOfBag> out_of_bag_;

  MemoryCharge growing_;  // growers or steered trees, of which there is one kind at a time
  std::uint32_t most_growers_;
  std::vector<std::unique_ptr<TreeGrower>> growers_;
  std::vector<std::unique_ptr<SteeredTree>> steered_;  // the next trees of the forest
  std::vector<std::unique_ptr<SteeredTree::Scratch>> scratches_;
  std::vector<Listed> listed_;
};

}  // namespace gpu_host::cpu
