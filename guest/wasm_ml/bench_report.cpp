#include "bench_report.hpp"

#include "json.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

std::string line(const std::string& name, const std::string& value) {
  return format("%-28s %s\n", name.c_str(), value.c_str());
}

std::string milliseconds(double value) { return format("%12.3f ms", value); }

unsigned long printable(std::uint32_t value) { return value; }

}  // namespace

std::string bench_table(const BenchReport& report) {
  std::string table;
  table += line("device", report.device.name);
  table += line("backend", report.device.backend);
  table += line("data", format("%lu training rows, %lu test rows, %lu features", printable(report.n_train_rows),
                               printable(report.n_test_rows), printable(report.n_features)));
  table += line("forest", format("%lu trees, %lu nodes, depth %lu", printable(report.n_trees),
                                 static_cast<unsigned long>(report.n_nodes), printable(report.depth)));
  table += line("loading the data", milliseconds(report.load_ms));
  table += line("training", milliseconds(report.training_ms));
  for (const InferenceTime& time : report.inference) {
    table += line(format("inference, %lu rows", printable(time.n_rows)), milliseconds(time.milliseconds));
  }
  table += line("test", describe(report.test));
  if (report.out_of_bag) table += line("out of bag", describe(report.out_of_bag->evaluation));
  return table;
}

std::string bench_json(const BenchReport& report) {
  JsonObject json;
  json.add("gpu_device", report.device.name)
      .add("gpu_backend", report.device.backend)
      .add("training_ms", report.training_ms)
      .add("inference_ms", report.inference.at(0).milliseconds);
  add_json(report.test, json);
  return json.add("train_samples", report.n_train_rows).add("test_samples", report.n_test_rows).text();
}

}  // namespace wasm_ml
