#include <cstdio>
#include <utility>

#include "commands.hpp"
#include "dataset.hpp"
#include "files.hpp"
#include "metrics.hpp"
#include "model_file.hpp"
#include "predictor.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

std::string predictions_csv(const std::vector<float>& predictions) {
  std::string csv = "prediction\n";
  // 9 digits read back as the same f32.
  for (const float prediction : predictions) csv += format("%.9g\n", double{prediction});
  return csv;
}

}  // namespace

Result<void> run(const PredictCommand& command) {
  for (const std::string& input : {command.model, command.data}) {
    if (command.output.empty()) break;
    if (auto distinct = check_distinct(input, command.output); !distinct) return distinct;
  }
  const auto forest = load_model(command.model);
  if (!forest) return std::unexpected(forest.error());
  const auto set = load_prediction_set(command.data, forest->feature_names, forest->target_name);
  if (!set) return std::unexpected(set.error());
  auto predictor = Predictor::create(*forest);
  if (!predictor) return std::unexpected(std::move(predictor.error()));
  std::vector<float> predictions(set->n_rows);
  if (auto predicted = predictor->predict(set->features, predictions); !predicted) return predicted;

  const std::string csv = predictions_csv(predictions);
  if (command.output.empty()) {
    if (std::fwrite(csv.data(), 1, csv.size(), stdout) != csv.size()) return fail("cannot write the predictions");
  } else if (auto written = write_file(command.output, csv); !written) {
    return written;
  }
  if (set->targets) {
    const Metrics metrics = evaluate(predictions, *set->targets);
    std::fprintf(stderr, "against column %s: MSE %.3f, R2 %.4f over %lu rows\n", quoted(forest->target_name).c_str(),
                 metrics.mse, metrics.r2, static_cast<unsigned long>(set->n_rows));
  } else if (set->has_target) {
    std::fprintf(stderr, "not evaluated: %s\n", set->targets.error().message.c_str());
  }
  return {};
}

}  // namespace wasm_ml
