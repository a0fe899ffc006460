#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "bench_report.hpp"
#include "commands.hpp"
#include "dataset.hpp"
#include "predictor.hpp"
#include "stopwatch.hpp"
#include "training_progress.hpp"
#include "wasi_gpu/device.hpp"

namespace wasm_ml {
namespace {

// The median of several calls after one to warm up: rows in, predictions out.
Result<double> time_inference(Predictor& predictor, std::span<const float> samples, std::span<float> predictions) {
  constexpr std::size_t kCalls = 9;
  if (auto warm = predictor.predict(samples, predictions); !warm) return std::unexpected(warm.error());
  std::array<double, kCalls> times{};
  for (double& time : times) {
    const Stopwatch stopwatch;
    if (auto done = predictor.predict(samples, predictions); !done) return std::unexpected(done.error());
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

Result<void> measure_inference(const Forest& forest, const PredictionSet& test, BenchReport& report) {
  auto predictor = Predictor::create(forest);
  if (!predictor) return std::unexpected(std::move(predictor.error()));
  std::vector<float> predictions(test.n_rows);
  const auto time = time_inference(*predictor, test.features, predictions);
  if (!time) return std::unexpected(time.error());
  report.inference.push_back({.n_rows = test.n_rows, .milliseconds = *time});
  report.test = evaluate(predictions, *test.targets);
  for (const std::uint32_t n_rows : {100U, 1000U}) {
    const std::vector<float> rows = repeated_rows(test, n_rows, report.n_features);
    predictions.resize(n_rows);
    const auto batch_time = time_inference(*predictor, rows, predictions);
    if (!batch_time) return std::unexpected(batch_time.error());
    report.inference.push_back({.n_rows = n_rows, .milliseconds = *batch_time});
  }
  return {};
}

}  // namespace

Result<void> run(const BenchCommand& command) {
  BenchReport report;
  const Stopwatch loading;
  const auto set = load_training_set(command.train, command.target);
  if (!set) return std::unexpected(set.error());
  const auto test = load_prediction_set(command.test, set->feature_names, set->target_name);
  if (!test) return std::unexpected(test.error());
  if (!test->targets) return std::unexpected(test->targets.error());
  report.load_ms = loading.milliseconds();

  report.device = wasi_gpu::device_info();
  const Stopwatch training;
  const auto trained = train_with_progress(*set, command.forest);
  if (!trained) return std::unexpected(trained.error());
  const Forest& forest = trained->forest;
  report.training_ms = training.milliseconds();
  report.n_train_rows = set->n_rows;
  report.n_test_rows = test->n_rows;
  report.n_features = set->n_features();
  report.n_trees = forest.params.n_trees;
  report.n_nodes = static_cast<std::uint32_t>(forest.nodes.size());
  report.depth = forest.depth;
  report.out_of_bag = trained->out_of_bag;
  if (auto measured = measure_inference(forest, *test, report); !measured) return measured;
  std::printf("%s%s\n", bench_table(report).c_str(), bench_json(report).c_str());
  return {};
}

}  // namespace wasm_ml
