// A trained or imported model: what is known of it, and its trees.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "feature_type.hpp"
#include "forest.hpp"
#include "postprocess.hpp"

namespace wasm_ml {

enum class ModelTask : std::uint8_t {
  regression,      // outputs are predictions
  classification,  // outputs are probabilities of classes; one alone is that of the second
  scores,          // outputs have no such meaning: rankings, isolation forests
};

struct ModelInfo {
  ModelTask task = ModelTask::regression;
  std::string origin = "wasm_ml";         // what made it
  std::string target_name = {};           // empty: not known
  std::vector<FeatureType> features;      // in the order of their numbers in the trees
  std::vector<std::string> classes = {};  // of a classification
  ForestParams params = {};               // of a forest that wasm_ml grew
  std::uint32_t n_train_rows = 0;         // 0: not known
  std::vector<double> importances = {};   // of each feature, or none
  Postprocessor postprocessor = {};       // of outputs, before anything else is made of them
};

struct Model {
  ModelInfo info;
  std::string packed;  // docs/packed-model.md
};

}  // namespace wasm_ml
