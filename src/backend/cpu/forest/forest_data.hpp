// A data set of forest_engine.hpp on the CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/parallel.hpp"
#include "backend/forest_engine.hpp"

namespace gpu_host::cpu {

class CpuForestData final : public ForestData {
 public:
  // invalid_params that name row and column where a value cannot be used.
  [[nodiscard]] static GpuResult<std::shared_ptr<const CpuForestData>> create(const ForestDataParams& params,
                                                                              MemoryBudget& budget, Workers& workers);

  [[nodiscard]] std::uint32_t n_rows() const override { return rows_.n_rows(); }
  [[nodiscard]] std::uint32_t n_features() const override { return rows_.n_features(); }
  [[nodiscard]] std::uint32_t n_classes() const override { return rows_.n_classes(); }
  [[nodiscard]] bool has_criterion_weights() const override { return !rows_.criterion_weights().empty(); }
  [[nodiscard]] std::vector<std::uint32_t> constant_features() const override;

  [[nodiscard]] const DataSet& rows() const { return rows_; }

  CpuForestData(const DataSetSource& source, MemoryCharge charge, Workers& workers)
      : charge_(std::move(charge)), rows_(source, workers) {}

 private:
  MemoryCharge charge_;
  DataSet rows_;
};

}  // namespace gpu_host::cpu
