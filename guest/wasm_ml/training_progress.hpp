// Training as the commands do it: with warnings on standard error, and a line of progress on a terminal.
#pragma once

#include "dataset.hpp"
#include "error.hpp"
#include "options.hpp"
#include "training.hpp"

namespace wasm_ml {

[[nodiscard]] Result<Trained> train_with_progress(const TrainingSet& set, const ForestOptions& options);

}  // namespace wasm_ml
