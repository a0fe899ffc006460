#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "bench_report.hpp"
#include "commands.hpp"
#include "dataset.hpp"
#include "model_file.hpp"
#include "predictions.hpp"
#include "predictor.hpp"
#include "stopwatch.hpp"
#include "training_progress.hpp"
#include "wasi_gpu/device.hpp"

namespace wasm_ml {
namespace {

// The median of several calls after one to warm up: rows in, predictions out.
Result<double> time_inference(Predictor& predictor, std::span<const float> samples, std::span<float> outputs) {
  constexpr std::size_t kCalls = 9;
  if (auto warm = predictor.predict(samples, outputs); !warm) return std::unexpected(warm.error());
  std::array<double, kCalls> times{};
  for (double& time : times) {
    const Stopwatch stopwatch;
    if (auto done = predictor.predict(samples, outputs); !done) return std::unexpected(done.error());
    time = stopwatch.milliseconds();
  }
  std::ranges::sort(times);
  return times[kCalls / 2];
}

// `n_rows` rows of the set, again from the first where it has fewer.
std::vector<float> repeated_rows(const PredictionSet& set, std::uint32_t n_rows, std::uint32_t n_features) {
  std::vector<float> rows(std::size_t{n_rows} * n_features);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = set.features[i % set.features.size()];
  return rows;
}

Result<void> measure_inference(const Model& model, const PredictionSet& test, BenchReport& report) {
  auto file = ModelFile::open(ByteSource::of_bytes("model", encode_model(model)));
  if (!file) return std::unexpected(std::move(file.error()));
  auto predictor = Predictor::create(*file);
  if (!predictor) return std::unexpected(std::move(predictor.error()));
  const auto predictions = predict_rows(model.info, *predictor, test);
  if (!predictions) return std::unexpected(predictions.error());
  auto evaluation = evaluate(*predictions, *test.targets);
  if (!evaluation) return std::unexpected(std::move(evaluation.error()));
  report.test = *evaluation;
  for (const std::uint32_t n_rows : {test.n_rows, 100U, 1000U}) {
    const std::vector<float> rows = repeated_rows(test, n_rows, report.n_features);
    std::vector<float> outputs(std::size_t{n_rows} * predictor->n_outputs());
    const auto time = time_inference(*predictor, rows, outputs);
    if (!time) return std::unexpected(time.error());
    report.inference.push_back({.n_rows = n_rows, .milliseconds = *time});
  }
  return {};
}

}  // namespace

Result<void> run(const BenchCommand& command) {
  BenchReport report;
  const Stopwatch loading;
  const auto set = load_training_set(command.train, command.target, command.task);
  if (!set) return std::unexpected(set.error());
  const auto test = load_prediction_set(
      command.test, {.features = set->feature_types, .target_name = set->target_name, .classes = set->classes});
  if (!test) return std::unexpected(test.error());
  if (!test->targets) return std::unexpected(test->targets.error());
  report.load_ms = loading.milliseconds();

  report.device = wasi_gpu::device_info();
  const Stopwatch training;
  const auto trained = train_with_progress(*set, command.forest);
  if (!trained) return std::unexpected(trained.error());
  report.training_ms = training.milliseconds();
  report.n_train_rows = set->n_rows;
  report.n_test_rows = test->n_rows;
  report.n_features = set->n_features();
  report.n_trees = trained->trees.n_trees;
  report.n_nodes = trained->trees.n_nodes;
  report.depth = trained->trees.depth;
  report.out_of_bag = trained->out_of_bag;
  if (auto measured = measure_inference(trained->model, *test, report); !measured) return measured;
  std::printf("%s%s\n", bench_table(report).c_str(), bench_json(report).c_str());
  return {};
}

}  // namespace wasm_ml
