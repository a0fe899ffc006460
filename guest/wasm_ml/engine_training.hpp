// Training through wasi:gpu/forest: the host grows whole trees, in at most 20 calls for a forest of any size.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "dataset.hpp"
#include "error.hpp"
#include "forest.hpp"
#include "training.hpp"

namespace wasm_ml {

// Without a summary of the trees; nothing where the device does not grow forests. `progress` may be empty.
[[nodiscard]] Result<std::optional<Trained>> train_by_engine(const TrainingSet& set, const ForestParams& params,
                                                             const std::function<void(std::uint32_t n_done)>& progress);

}  // namespace wasm_ml
