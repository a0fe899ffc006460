// Training as the commands do it: with a line of progress on a terminal.
#pragma once

#include "dataset.hpp"
#include "error.hpp"
#include "forest.hpp"
#include "options.hpp"

namespace wasm_ml {

[[nodiscard]] Result<Forest> train_with_progress(const TrainingSet& set, const ForestOptions& options);

}  // namespace wasm_ml
