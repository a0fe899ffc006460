#include <cstdio>
#include <utility>

#include "commands.hpp"
#include "dataset.hpp"
#include "json.hpp"
#include "model_file.hpp"
#include "predictions.hpp"
#include "predictor.hpp"
#include "text.hpp"

namespace wasm_ml {

Result<void> run(const EvaluateCommand& command) {
  auto file = ModelFile::open(command.model);
  if (!file) return std::unexpected(std::move(file.error()));
  const ModelInfo& info = file->info();
  const auto set = load_prediction_set(command.data, columns_of(info));
  if (!set) return std::unexpected(set.error());
  if (!set->targets) return std::unexpected(set->targets.error());
  std::string note;
  auto predictor = Predictor::create(*file, &note);
  if (!predictor) return std::unexpected(std::move(predictor.error()));
  if (!note.empty()) std::fprintf(stderr, "wasm_ml: note: %s\n", note.c_str());
  const auto predictions = predict_rows(info, *predictor, *set);
  if (!predictions) return std::unexpected(predictions.error());
  const auto evaluation = evaluate(*predictions, *set->targets);
  if (!evaluation) return std::unexpected(evaluation.error());
  if (command.json) {
    JsonObject json;
    json.add("rows", set->n_rows).add("target", info.target_name);
    add_json(*evaluation, json);
    std::puts(json.text().c_str());
  } else {
    std::printf("against column %s: %s over %lu rows\n", quoted(info.target_name).c_str(),
                describe(*evaluation).c_str(), static_cast<unsigned long>(set->n_rows));
  }
  return {};
}

}  // namespace wasm_ml
