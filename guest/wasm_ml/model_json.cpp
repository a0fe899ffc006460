#include "model_json.hpp"

#include <cstddef>
#include <string>

namespace wasm_ml {

const char* name_of(ModelTask task) {
  switch (task) {
    case ModelTask::regression:
      return "regression";
    case ModelTask::classification:
      return "classification";
    case ModelTask::scores:
      return "scores";
  }
  return "";
}

void add_info(const ModelInfo& info, JsonObject& json) {
  json.add("origin", info.origin).add("task", name_of(info.task)).add("target", info.target_name);
  if (!info.classes.empty()) json.add("classes", info.classes);
  std::string features = "[";
  for (std::size_t i = 0; i < info.features.size(); ++i) {
    JsonObject feature;
    feature.add("name", info.features[i].name);
    if (!info.features[i].categories.empty()) feature.add("categories", info.features[i].categories);
    if (!info.importances.empty()) feature.add("importance", info.importances[i]);
    features += (i == 0 ? "" : ", ") + feature.text();
  }
  json.add_raw("features", features + "]");
  if (info.n_train_rows == 0) return;
  const ForestParams& params = info.params;
  json.add("training_rows", info.n_train_rows).add("max_depth", params.max_depth);
  json.add("max_features", params.max_features).add("min_samples_split", params.min_samples_split);
  json.add("min_samples_leaf", params.min_samples_leaf).add("seed", params.seed);
  json.add("min_impurity_decrease", params.min_impurity_decrease).add("max_samples", params.max_samples);
  json.add("max_bins", params.max_bins).add_raw("bootstrap", params.bootstrap ? "true" : "false");
}

}  // namespace wasm_ml
