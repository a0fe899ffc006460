#include "portable_forest.hpp"

namespace wasm_ml {

ModelTask task_of(const PortableForest& forest) {
  if (forest.n_classes != 0 && forest.n_targets > 1) return ModelTask::scores;  // a probability for each target
  switch (forest.task) {
    case ForestTask::binary:
    case ForestTask::multiclass:
      return ModelTask::classification;
    case ForestTask::regression:
      return ModelTask::regression;
    case ForestTask::ranking:
    case ForestTask::isolation:
      return ModelTask::scores;
  }
  return ModelTask::scores;
}

void set_task(const ModelInfo& info, PortableForest& forest) {
  forest.postprocessor = info.postprocessor;
  if (info.task == ModelTask::scores) forest.task = ForestTask::ranking;
  if (info.task != ModelTask::classification) {
    // By row softmax goes over the outputs of one target; all else over each alone.
    if (info.postprocessor.kind != PostprocessorKind::softmax) forest.n_targets = forest.n_outputs;
    return;
  }
  forest.n_classes = static_cast<std::uint32_t>(info.classes.size());
  forest.task = forest.n_outputs == 1 ? ForestTask::binary : ForestTask::multiclass;
}

}  // namespace wasm_ml
