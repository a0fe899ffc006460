// What a model says of rows, and how it is written down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataset.hpp"
#include "error.hpp"
#include "metrics.hpp"
#include "model_file.hpp"
#include "predictor.hpp"

namespace wasm_ml {

struct Predictions {
  ModelTask task = ModelTask::regression;
  std::vector<std::string> classes = {};  // of a classification
  std::uint32_t n_rows = 0;
  std::uint32_t n_columns = 1;  // of a classification the classes
  std::vector<float> values;    // n_rows × n_columns: of a classification probabilities

  [[nodiscard]] std::span<const float> row(std::size_t i) const {
    return std::span(values).subspan(i * n_columns, n_columns);
  }
};

[[nodiscard]] ModelColumns columns_of(const ModelInfo& info);

[[nodiscard]] Result<Predictions> predict_rows(const ModelInfo& info, Predictor& predictor, const PredictionSet& set);

// Against the targets of as many rows. Scores cannot be compared with any.
[[nodiscard]] Result<Evaluation> evaluate(const Predictions& predictions, std::span<const float> targets);

// A header, then a row for each: the prediction, and with `probabilities` that of each class too.
[[nodiscard]] std::string predictions_csv(const Predictions& predictions, bool probabilities);

// Numbers, or probabilities of classes.
[[nodiscard]] std::string predictions_npy(const Predictions& predictions);

}  // namespace wasm_ml
