// Data to train on.
#pragma once

#include <string>
#include <vector>

#include "dataset.hpp"

namespace wasm_ml {

// `table`: rows of features, each followed by its label.
inline TrainingSet set_of(std::vector<std::string> names, std::vector<float> table) {
  const auto n_features = static_cast<std::uint32_t>(names.size());
  return {.feature_names = std::move(names),
          .target_name = "y",
          .n_rows = static_cast<std::uint32_t>(table.size() / (n_features + 1)),
          .target_column = n_features,
          .table = std::move(table)};
}

inline TrainingSet diabetes() { return load_training_set(WASM_ML_DATA_DIR "/diabetes_train.csv", "").value(); }

}  // namespace wasm_ml
