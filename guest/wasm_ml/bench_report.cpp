#include "bench_report.hpp"

#include <cmath>
#include <string_view>

#include "text.hpp"

namespace wasm_ml {
namespace {

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      json += format("\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      json += c;
    }
  }
  return json + '"';
}

std::string json_number(double value) { return std::isfinite(value) ? format("%.6g", value) : "null"; }

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
                                 printable(report.n_nodes), printable(report.depth)));
  table += line("loading the data", milliseconds(report.load_ms));
  table += line("training", milliseconds(report.training_ms));
  for (const InferenceTime& time : report.inference) {
    table += line(format("inference, %lu rows", printable(time.n_rows)), milliseconds(time.milliseconds));
  }
  table += line("test MSE", format("%12.3f", report.test.mse));
  table += line("test R2", format("%12.4f", report.test.r2));
  if (report.out_of_bag) table += line("out-of-bag R2", format("%12.4f", report.out_of_bag->r2));
  return table;
}

std::string bench_json(const BenchReport& report) {
  return format(
      "{\"gpu_device\": %s, \"gpu_backend\": %s, \"training_ms\": %s, \"inference_ms\": %s, \"mse\": %s, \"r2\": %s, "
      "\"train_samples\": %lu, \"test_samples\": %lu}",
      json_text(report.device.name).c_str(), json_text(report.device.backend).c_str(),
      json_number(report.training_ms).c_str(), json_number(report.inference.at(0).milliseconds).c_str(),
      json_number(report.test.mse).c_str(), json_number(report.test.r2).c_str(), printable(report.n_train_rows),
      printable(report.n_test_rows));
}

}  // namespace wasm_ml
