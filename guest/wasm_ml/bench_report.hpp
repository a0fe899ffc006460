// What bench measured, and how it is printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metrics.hpp"
#include "training.hpp"
#include "wasi_gpu/types.hpp"

namespace wasm_ml {

struct InferenceTime {
  std::uint32_t n_rows;
  double milliseconds;
};

struct BenchReport {
  wasi_gpu::DeviceInfo device;
  std::uint32_t n_train_rows = 0;
  std::uint32_t n_test_rows = 0;
  std::uint32_t n_features = 0;
  std::uint32_t n_trees = 0;
  std::uint64_t n_nodes = 0;
  std::uint32_t depth = 0;
  double load_ms = 0;
  double training_ms = 0;
  std::vector<InferenceTime> inference;  // the first: of the test rows
  Evaluation test;
  std::optional<OutOfBag> out_of_bag = {};
};

[[nodiscard]] std::string bench_table(const BenchReport& report);

// One line, without its end.
[[nodiscard]] std::string bench_json(const BenchReport& report);

}  // namespace wasm_ml
