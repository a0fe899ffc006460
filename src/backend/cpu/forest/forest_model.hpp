// A finished forest of forest_engine.hpp on the CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/cpu/forest/model_trees.hpp"
#include "backend/cpu/forest/out_of_bag.hpp"
#include "backend/cpu/forest/ranked_trees.hpp"
#include "backend/cpu/parallel.hpp"
#include "backend/forest_engine.hpp"

namespace gpu_host::cpu {

class CpuForestModel final : public ForestModel {
 public:
  // What only a forest has that was grown here.
  struct Growth {
    std::uint32_t n_rows = 0;
    std::vector<double> importances;
    std::optional<OutOfBag> out_of_bag;
  };

  CpuForestModel(ModelTrees trees, std::optional<Growth> growth, MemoryCharge charge, Workers& workers);

  [[nodiscard]] const ForestShape& shape() const override { return shape_; }
  [[nodiscard]] bool has_importances() const override { return growth_.has_value(); }
  [[nodiscard]] bool has_out_of_bag() const override { return growth_ && growth_->out_of_bag; }
  [[nodiscard]] std::uint32_t n_rows() const override { return growth_ ? growth_->n_rows : 0; }
  [[nodiscard]] GpuResult<std::vector<std::uint64_t>> tree_offsets() override { return trees_.shape.offsets; }
  [[nodiscard]] GpuResult<std::vector<double>> importances() override { return growth_->importances; }
  [[nodiscard]] GpuResult<void> write_nodes(std::uint64_t first, std::uint64_t n_nodes, Buffer& output,
                                            std::uint64_t offset) override;
  [[nodiscard]] GpuResult<void> write_leaf_values(std::uint64_t first, std::uint64_t n_leaves, Buffer& output,
                                                  std::uint64_t offset) override;
  [[nodiscard]] GpuResult<void> write_out_of_bag(Buffer& output, std::uint64_t offset) override;
  [[nodiscard]] GpuResult<void> predict(const ForestTable& rows, ForestPrediction what, Buffer& output,
                                        std::uint64_t offset) override;
  [[nodiscard]] GpuResult<void> quantiles(const ForestTable& rows, std::span<const double> quantiles, Buffer& output,
                                          std::uint64_t offset) override;
  [[nodiscard]] GpuResult<std::uint64_t> packed_size(PackedParts parts) override;
  [[nodiscard]] GpuResult<void> pack(PackedParts parts, Buffer& output, std::uint64_t offset) override;

 private:
  [[nodiscard]] const RankedTrees* ranked_for(std::uint32_t n_rows);

  MemoryCharge charge_;
  ModelTrees trees_;
  std::unique_ptr<RankedTrees> ranked_;  // once batches are worth it
  bool may_be_ranked_;                   // until that was tried
  std::uint64_t n_batch_rows_ = 0;       // so far
  std::optional<Growth> growth_;
  Workers& workers_;
  ForestShape shape_;
};

}  // namespace gpu_host::cpu
