// Training of a forest through the host's kernels.
#pragma once

#include <cstdint>
#include <functional>

#include "dataset.hpp"
#include "error.hpp"
#include "forest.hpp"

namespace wasm_ml {

// Called after each tree with how many are done.
using TrainingProgress = std::function<void(std::uint32_t n_done)>;

// The same forest for the same data and parameters, bit for bit, on one device.
[[nodiscard]] Result<Forest> train_forest(const TrainingSet& set, const ForestParams& params,
                                          const TrainingProgress& progress = nullptr);

}  // namespace wasm_ml
