#include "training_progress.hpp"

#include "progress.hpp"
#include "training.hpp"

namespace wasm_ml {

Result<Forest> train_with_progress(const TrainingSet& set, const ForestOptions& options) {
  ProgressLine progress("training, trees", options.params.n_trees);
  return train_forest(set, options.resolve(set.n_features()), [&](std::uint32_t done) { progress.update(done); });
}

}  // namespace wasm_ml
