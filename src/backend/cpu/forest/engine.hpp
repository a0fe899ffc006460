// forest_engine.hpp on the CPU: of one stream, by its threads.
#pragma once

#include <memory>

#include "backend/cpu/parallel.hpp"
#include "backend/forest_engine.hpp"

namespace gpu_host::cpu {

class CpuForestEngine final : public ForestEngine {
 public:
  explicit CpuForestEngine(Workers& workers) : workers_(workers) {}

  [[nodiscard]] GpuResult<std::shared_ptr<const ForestData>> create_data(const ForestDataParams& params,
                                                                         MemoryBudget& budget) override;
  [[nodiscard]] GpuResult<std::unique_ptr<ForestGrowth>> start(std::shared_ptr<const ForestData> data,
                                                               const forest::Parameters& parameters,
                                                               const ForestExtras& extras,
                                                               MemoryBudget& budget) override;
  [[nodiscard]] GpuResult<std::unique_ptr<ForestModel>> create_model(const ForestModelParams& params,
                                                                     MemoryBudget& budget) override;
  [[nodiscard]] GpuResult<std::unique_ptr<ForestModel>> unpack(const Buffer& from, std::uint64_t offset,
                                                               std::uint64_t size, MemoryBudget& budget) override;

 private:
  Workers& workers_;
};

}  // namespace gpu_host::cpu
