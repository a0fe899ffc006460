#include "predictions.hpp"

#include <cstdio>
#include <utility>

#include "npy.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

// A field of a CSV file, in quotes where it needs them.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos && !text.empty()) return text;
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

// 9 digits read back as the same f32.
void append_number(std::string& csv, float value) {
  char text[32];
  const int size = std::snprintf(text, sizeof(text), "%.9g", double{value});
  csv.append(text, static_cast<std::size_t>(size));
}

}  // namespace

ModelColumns columns_of(const ModelInfo& info) {
  return {.features = info.features, .target_name = info.target_name, .classes = info.classes};
}

Result<Predictions> predict_rows(const ModelInfo& info, Predictor& predictor, const PredictionSet& set) {
  const std::uint32_t n_outputs = predictor.n_outputs();
  Predictions predictions{.task = info.task,
                          .classes = info.classes,
                          .n_rows = set.n_rows,
                          .n_columns = n_outputs,
                          .values = std::vector<float>(std::size_t{set.n_rows} * n_outputs)};
  if (auto done = predictor.predict(set.features, predictions.values); !done) {
    return std::unexpected(std::move(done.error()));
  }
  if (info.task != ModelTask::classification || n_outputs == info.classes.size()) return predictions;
  if (n_outputs != 1 || info.classes.size() != 2) {
    return fail(format("the model has %lu outputs for %zu classes", static_cast<unsigned long>(n_outputs),
                       info.classes.size()));
  }
  std::vector<float> both;
  both.reserve(2 * predictions.values.size());
  for (const float second : predictions.values) {
    both.push_back(1 - second);
    both.push_back(second);
  }
  predictions.n_columns = 2;
  predictions.values = std::move(both);
  return predictions;
}

Result<Evaluation> evaluate(const Predictions& predictions, std::span<const float> targets) {
  if (predictions.task == ModelTask::scores ||
      (predictions.task == ModelTask::regression && predictions.n_columns > 1)) {
    return fail("the model's outputs are scores, which cannot be compared with a column");
  }
  if (predictions.task == ModelTask::regression) return Evaluation(evaluate(predictions.values, targets));
  return Evaluation(evaluate_classes(predictions.values, predictions.n_columns, targets));
}

std::string predictions_csv(const Predictions& predictions, bool probabilities) {
  const bool is_classes = predictions.task == ModelTask::classification;
  std::string csv = "prediction";
  if (is_classes && probabilities) {
    for (const std::string& name : predictions.classes) csv += "," + csv_field("probability of " + name);
  }
  if (!is_classes && predictions.n_columns > 1) {
    csv = "output 0";
    for (std::uint32_t k = 1; k < predictions.n_columns; ++k)
      csv += format(",output %lu", static_cast<unsigned long>(k));
  }
  csv += '\n';
  std::vector<std::string> fields;
  for (const std::string& name : predictions.classes) fields.push_back(csv_field(name));
  for (std::uint32_t i = 0; i < predictions.n_rows; ++i) {
    const auto row = predictions.row(i);
    if (is_classes) csv += fields[likeliest(row)];
    for (std::size_t k = 0; k < row.size() && (!is_classes || probabilities); ++k) {
      if (is_classes || k > 0) csv += ',';
      append_number(csv, row[k]);
    }
    csv += '\n';
  }
  return csv;
}

std::string predictions_npy(const Predictions& predictions) {
  return encode_npy(predictions.values, predictions.n_columns == 1 ? 0 : predictions.n_columns);
}

}  // namespace wasm_ml
