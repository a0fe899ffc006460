#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "commands.hpp"
#include "dataset.hpp"
#include "dataset_common.hpp"
#include "files.hpp"
#include "model_file.hpp"
#include "predictions.hpp"
#include "predictor.hpp"
#include "text.hpp"

namespace wasm_ml {

Result<void> run(const PredictCommand& command) {
  for (const std::string& input : {command.model, command.data}) {
    if (command.output.empty()) break;
    if (auto distinct = check_distinct(input, command.output); !distinct) return distinct;
  }
  auto file = ModelFile::open(command.model);
  if (!file) return std::unexpected(std::move(file.error()));
  const ModelInfo& info = file->info();
  if (command.probabilities && info.task != ModelTask::classification) {
    return fail_usage("option '--probabilities': model " + quoted(command.model) + " is not a classification");
  }
  const auto set = load_prediction_set(command.data, columns_of(info));
  if (!set) return std::unexpected(set.error());
  if (!set->unknown.empty()) {
    std::fprintf(stderr, "wasm_ml: note: columns that the model does not know are ignored: %s\n",
                 listed(set->unknown).c_str());
  }
  std::string note;
  auto predictor = Predictor::create(*file, &note);
  if (!predictor) return std::unexpected(std::move(predictor.error()));
  if (!note.empty()) std::fprintf(stderr, "wasm_ml: note: %s\n", note.c_str());
  const auto predictions = predict_rows(info, *predictor, *set);
  if (!predictions) return std::unexpected(predictions.error());

  const bool is_npy = std::string_view(command.output).ends_with(".npy");
  const std::string bytes =
      is_npy ? predictions_npy(*predictions) : predictions_csv(*predictions, command.probabilities);
  if (command.output.empty()) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) return fail("cannot write the predictions");
  } else if (auto written = write_file(command.output, bytes); !written) {
    return written;
  }
  if (!set->has_target) return {};
  const auto evaluation = set->targets ? evaluate(*predictions, *set->targets) : fail(set->targets.error().message);
  if (evaluation) {
    std::fprintf(stderr, "against column %s: %s over %lu rows\n", quoted(info.target_name).c_str(),
                 describe(*evaluation).c_str(), static_cast<unsigned long>(set->n_rows));
  } else {
    std::fprintf(stderr, "not evaluated: %s\n", evaluation.error().message.c_str());
  }
  return {};
}

}  // namespace wasm_ml
