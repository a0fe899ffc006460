#include "backend/cpu/forest/engine.hpp"

#include <utility>

#include "backend/cpu/forest/forest_data.hpp"
#include "backend/cpu/forest/forest_growth.hpp"

namespace gpu_host::cpu {

GpuResult<std::shared_ptr<const ForestData>> CpuForestEngine::create_data(const ForestDataParams& params,
                                                                          MemoryBudget& budget) {
  return CpuForestData::create(params, budget, workers_);
}

GpuResult<std::unique_ptr<ForestGrowth>> CpuForestEngine::start(std::shared_ptr<const ForestData> data,
                                                                const forest::Parameters& parameters, bool out_of_bag,
                                                                MemoryBudget& budget) {
  return CpuForestGrowth::start(std::static_pointer_cast<const CpuForestData>(std::move(data)), parameters, out_of_bag,
                                budget, workers_);
}

}  // namespace gpu_host::cpu
