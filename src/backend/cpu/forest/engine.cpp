#include "backend/cpu/forest/engine.hpp"

#include <optional>
#include <span>
#include <utility>

#include "backend/cpu/cpu_buffer.hpp"
#include "backend/cpu/forest/forest_data.hpp"
#include "backend/cpu/forest/forest_growth.hpp"
#include "backend/cpu/forest/forest_model.hpp"
#include "backend/cpu/forest/model_trees.hpp"
#include "backend/cpu/forest/packing.hpp"

namespace gpu_host::cpu {

GpuResult<std::shared_ptr<const ForestData>> CpuForestEngine::create_data(const ForestDataParams& params,
                                                                          MemoryBudget& budget) {
  return CpuForestData::create(params, budget, workers_);
}

GpuResult<std::unique_ptr<ForestGrowth>> CpuForestEngine::start(std::shared_ptr<const ForestData> data,
                                                                const forest::Parameters& parameters,
                                                                const ForestExtras& extras, MemoryBudget& budget) {
  return CpuForestGrowth::start(std::static_pointer_cast<const CpuForestData>(std::move(data)), parameters, extras,
                                budget, workers_);
}

GpuResult<std::unique_ptr<ForestModel>> CpuForestEngine::create_model(const ForestModelParams& params,
                                                                      MemoryBudget& budget) {
  MemoryCharge charge(budget);
  auto trees = created_trees(params, charge, workers_);
  if (!trees) return std::unexpected(std::move(trees.error()));
  return std::make_unique<CpuForestModel>(*std::move(trees), std::nullopt, std::move(charge), workers_);
}

GpuResult<std::unique_ptr<ForestModel>> CpuForestEngine::unpack(const Buffer& from, std::uint64_t offset,
                                                                std::uint64_t size, MemoryBudget& budget) {
  MemoryCharge charge(budget);
  const std::span bytes(static_cast<const CpuBuffer&>(from).bytes() + offset, static_cast<std::size_t>(size));
  auto trees = cpu::unpack(bytes, charge, workers_);
  if (!trees) return std::unexpected(std::move(trees.error()));
  return std::make_unique<CpuForestModel>(*std::move(trees), std::nullopt, std::move(charge), workers_);
}

}  // namespace gpu_host::cpu
