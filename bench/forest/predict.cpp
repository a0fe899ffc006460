// How fast a forest predicts that wasm_ml keeps in the sandbox (predict.py): FOLDER ROWS FEATURES CLASSES TREES DEPTH
// MTRY SECONDS TEST-ROWS MODULE. The arrays are this program's, handed to the module as buffers; times are from its
// call to its result.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "embedding.hpp"
#include "gpu_host/host.hpp"
#include "gpu_host/instance.hpp"
#include "task.hpp"

namespace {

using forest_bench::fail;
using forest_bench::Stopwatch;
using forest_bench::Task;
using gpu_host::Instance;
using gpu_host::Value;

template <class T>
T checked(gpu_host::Result<T> result) {
  if (!result) fail(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::int32_t i32(std::uint32_t value) { return static_cast<std::int32_t>(value); }

class Module {
 public:
  Module(const std::string& path, std::uint32_t threads)
      : host_(checked(gpu_host::Host::create({}))),
        module_(checked(host_.load_file(path))),
        instance_(checked(make(threads))) {}

  std::uint32_t share(std::span<std::byte> bytes) { return checked(instance_.share(bytes)); }

  std::int64_t call(std::string_view function, std::span<const Value> arguments) {
    const std::vector<Value> results = checked(instance_.call(function, arguments));
    const std::int64_t result = std::holds_alternative<std::int64_t>(results[0]) ? std::get<std::int64_t>(results[0])
                                                                                 : std::get<std::int32_t>(results[0]);
    if (result < 0) fail(std::string(function) + ": " + error());
    return result;
  }

 private:
  gpu_host::Result<Instance> make(std::uint32_t threads) {
    gpu_host::InstanceOptions options;
    options.device.backend = "cpu";
    options.cpu_threads = threads;
    return Instance::create(module_, options);
  }

  std::string error() {
    const auto size = std::get<std::int64_t>(checked(instance_.call("wasm_ml_error"))[0]);
    std::string text(static_cast<std::size_t>(size), ' ');
    const std::array<Value, 2> arguments{i32(share(std::as_writable_bytes(std::span(text)))), std::int64_t{0}};
    (void)checked(instance_.call("wasm_ml_take", arguments));
    return text;
  }

  gpu_host::Host host_;
  gpu_host::Module module_;
  Instance instance_;
};

}  // namespace

int main(int count, char** words) {
  if (count != 11) fail("FOLDER ROWS FEATURES CLASSES TREES DEPTH MTRY SECONDS TEST-ROWS MODULE");
  const Task task(count - 1, words);
  std::vector<float> values = task.read_values();
  std::vector<float> targets = task.read_targets();
  std::vector<float> test = task.read("test_x.f32", std::size_t{task.test_rows} * task.features);
  Module module(words[10], 2);
  const auto share = [&](auto& array) { return module.share(std::as_writable_bytes(std::span(array))); };
  const std::int64_t row_bytes = std::int64_t{task.features} * std::int64_t{sizeof(float)};
  const auto block = [&](std::uint32_t buffer) {
    return wasm_ml::EmbeddedColumns{
        .buffer = buffer, .row_stride = row_bytes, .column_stride = sizeof(float), .n_columns = task.features};
  };
  std::array<wasm_ml::EmbeddedColumns, 1> columns{block(share(values))};
  std::array<wasm_ml::EmbeddedTraining, 1> training{{{.columns = share(columns),
                                                      .targets = {.buffer = share(targets), .stride = sizeof(float)},
                                                      .n_rows = task.rows,
                                                      .n_classes = task.classes,
                                                      .n_trees = task.trees,
                                                      .max_depth = task.depth.value_or(0),
                                                      .max_features = task.mtry}}};
  Stopwatch watch;
  const std::array<Value, 2> start{i32(share(training)), std::int64_t{0}};
  const auto growth = static_cast<std::int32_t>(module.call("wasm_ml_start", start));
  (void)module.call("wasm_ml_grow", std::array<Value, 2>{growth, i32(task.trees)});
  const auto model = static_cast<std::int32_t>(module.call("wasm_ml_finish", std::array<Value, 1>{growth}));
  const double train_seconds = watch.lap();
  const std::size_t n_outputs = std::max(1U, task.classes);
  std::vector<float> predictions(task.test_rows * n_outputs);
  std::array<wasm_ml::EmbeddedColumns, 1> rows_columns{block(share(test))};
  std::array<Value, 8> predict{model, i32(share(rows_columns)), std::int64_t{0}, 1, i32(task.test_rows),
                               0,     i32(share(predictions)),  std::int64_t{0}};
  double best = 1e9;
  double spent = 0;
  while (spent < task.seconds) {
    (void)watch.lap();
    (void)module.call("wasm_ml_predict", predict);
    const double seconds = watch.lap();
    best = std::min(best, seconds);
    spent += seconds;
  }
  std::FILE* file = std::fopen((task.folder + "/predictions.f32").c_str(), "wb");
  if (file == nullptr ||
      std::fwrite(predictions.data(), sizeof(float), predictions.size(), file) != predictions.size() ||
      std::fclose(file) != 0) {
    fail("cannot write the predictions");
  }
  predict[4] = 1;
  std::vector<double> rows;
  for (std::uint32_t row = 0; row < std::min(1000U, task.test_rows); ++row) {
    rows_columns[0].offset = row * std::uint64_t(row_bytes);
    (void)watch.lap();
    (void)module.call("wasm_ml_predict", predict);
    rows.push_back(watch.lap());
  }
  std::ranges::sort(rows);
  const std::array<Value, 1> of_model{model};
  const std::int64_t size = module.call("wasm_ml_save_size", of_model);
  std::vector<std::byte> saved(static_cast<std::size_t>(size));
  const auto bytes = i32(module.share(saved));
  (void)watch.lap();
  const std::array<Value, 3> save{model, bytes, std::int64_t{0}};
  (void)module.call("wasm_ml_save", save);
  const double save_seconds = watch.lap();
  double load_seconds = 1e9;
  for (spent = 0; spent < task.seconds;) {
    (void)watch.lap();
    const std::array<Value, 3> load{bytes, std::int64_t{0}, size};
    const std::array<Value, 1> loaded{static_cast<std::int32_t>(module.call("wasm_ml_load", load))};
    const double seconds = watch.lap();
    load_seconds = std::min(load_seconds, seconds);
    spent += seconds;
    (void)module.call("wasm_ml_drop", loaded);
  }
  std::printf(
      "{\"train_s\": %.9f, \"predict_s\": %.9f, \"one_row_s\": %.9f, \"rows\": %u, \"file_bytes\": %lld, \"save_s\": "
      "%.6f, "
      "\"load_s\": %.6f}\n",
      train_seconds, best, rows[rows.size() / 2], task.test_rows, static_cast<long long>(size), save_seconds,
      load_seconds);
  return 0;
}
