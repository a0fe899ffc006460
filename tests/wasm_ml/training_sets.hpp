// Data to train on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "dataset.hpp"

namespace wasm_ml {

// `table`: rows of features, each followed by its label.
inline TrainingSet set_of(const std::vector<std::string>& names, const std::vector<float>& table) {
  const std::size_t n_columns = names.size() + 1;
  TrainingSet set{.n_rows = static_cast<std::uint32_t>(table.size() / n_columns),
                  .feature_types = numeric_features(names),
                  .features = {},
                  .target_name = "y",
                  .classes = {},
                  .targets = {}};
  for (std::size_t i = 0; i < table.size(); ++i) {
    ((i + 1) % n_columns == 0 ? set.targets : set.features).push_back(table[i]);
  }
  return set;
}

inline TrainingSet diabetes() {
  return load_training_set(WASM_ML_DATA_DIR "/diabetes_train.csv", "", Task::regression).value();
}

}  // namespace wasm_ml
