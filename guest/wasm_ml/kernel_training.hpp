// Training through the kernels of wasi:gpu 0.1.0: the guest grows the trees, with a host call for each node and
// feature.
#pragma once

#include <cstdint>
#include <functional>

#include "dataset.hpp"
#include "error.hpp"
#include "forest.hpp"
#include "training.hpp"

namespace wasm_ml {

// An error that names the option or the column that asks for what the kernels cannot do.
[[nodiscard]] Result<void> check_kernels_can(const TrainingSet& set, const ForestParams& params);

// Without a summary of the trees. `progress` may be empty.
[[nodiscard]] Result<Trained> train_by_kernels(const TrainingSet& set, const ForestParams& params,
                                               const std::function<void(std::uint32_t n_done)>& progress);

}  // namespace wasm_ml
