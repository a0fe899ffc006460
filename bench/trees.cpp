// What a random forest does most: find-split, batch-predict.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <thread>

#include "call_loop.hpp"
#include "forest.hpp"
#include "process.hpp"

namespace gpu_host::bench {
namespace {

Sides find_split_sides() {
  constexpr std::uint32_t kRows = 100'000;
  constexpr std::uint32_t kFeatures = 10;
  constexpr std::uint32_t kThresholds = 256;
  const auto data = random_floats(std::size_t{kRows} * kFeatures, 0, 1);
  const auto labels = random_floats(kRows, 0, 100);
  const Array<std::uint32_t> indices(kRows);
  std::iota(indices.begin(), indices.end(), 0u);
  std::shuffle(indices.begin(), indices.end(), std::mt19937(1));
  const auto thresholds = random_floats(kThresholds, 0, 1);  // in no order
  const Call call{kMlKernels, "kernel-find-split", {kRows, kFeatures, 3u, kThresholds, 1u, 2u, 3u, 4u, 5u}};
  return {call_loop(call, {data, labels, indices, thresholds, Array<float>(kThresholds)}), {}};
}

constexpr std::uint32_t kRows = 10'000;
constexpr std::uint32_t kTrees = 100;
constexpr std::uint32_t kDepth = 12;
constexpr std::uint32_t kFeatures = 20;

void compare_predictions(const Array<float>& ours, const std::filesystem::path& file) {
  const Array<float> theirs(ours.size());
  std::ifstream in(file, std::ios::binary);
  in.read(reinterpret_cast<char*>(theirs.data()), static_cast<std::streamsize>(theirs.bytes().size()));
  if (!in) throw std::runtime_error("ONNX Runtime left no predictions");
  for (std::size_t i = 0; i < ours.size(); ++i) {
    // Written so that NaN does not pass.
    if (!(std::abs(ours[i] - theirs[i]) <= 1e-5F)) throw std::runtime_error("the predictions differ");
  }
}

Sides batch_predict_sides(const std::string& python) {
  if (python.empty()) throw std::runtime_error("no Python with onnxruntime: use scripts/bench, or --python");
  const Forest forest = make_forest(kTrees, kDepth, kRows, kFeatures);
  const TemporaryFolder folder;
  write_forest(forest, folder / "forest");
  const Array<float> output(kRows);
  const Call call{kMlKernels, "kernel-batch-predict", {kRows, kFeatures, kTrees, kDepth, 1u, 2u, 3u, 4u}};
  auto ours = call_loop(call, {forest.rows, forest.nodes, forest.offsets, output});

  const std::string threads = std::to_string(std::max(1u, std::thread::hardware_concurrency()));
  auto peer = std::make_shared<Process>(std::vector<std::string>{python, WGH_ONNX_PEER, (folder / "forest").string(),
                                                                 (folder / "predictions").string(), threads});
  auto theirs = [peer = std::move(peer)](std::int64_t count) { return std::stod(peer->ask(std::to_string(count))); };
  theirs(1);
  compare_predictions(output, folder / "predictions");
  return {std::move(ours), std::move(theirs)};
}

}  // namespace

void add_trees(std::vector<Comparison>& comparisons, const Environment& environment) {
  comparisons.push_back({.name = "find-split",
                         .ours = "find-split of 100 000 rows with 256 thresholds in no order",
                         .reference = "",
                         .target = {TargetKind::time_at_most, 4e-3},
                         .prepare = &find_split_sides});
  comparisons.push_back({.name = "batch-predict",
                         .ours = "batch-predict of 10 000 rows with 100 trees of depth 12",
                         .reference = "ONNX Runtime on the same forest, with as many threads",
                         .target = {TargetKind::speed_at_least, 3},
                         .prepare = [python = environment.python] { return batch_predict_sides(python); },
                         .pause = std::chrono::milliseconds(100)});
}

}  // namespace gpu_host::bench
