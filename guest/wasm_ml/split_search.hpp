// The training set on the device, and the kernels that training asks of it. All
// buffers are made once.
#pragma once

#include <cstdint>
#include <span>

#include "dataset.hpp"
#include "error.hpp"
#include "wasi_gpu/buffer.hpp"

namespace wasm_ml {

class SplitSearch {
 public:
  // Uploads features and labels.
  [[nodiscard]] static Result<SplitSearch> create(const TrainingSet& set);

  // Draws rows.size() row numbers with replacement.
  [[nodiscard]] Result<void> draw_rows(std::uint32_t seed, std::span<std::uint32_t> rows);

  // The rows of the node that score() is about, at most as many as the set has.
  [[nodiscard]] Result<void> set_node(std::span<const std::uint32_t> rows);

  // For each threshold of a feature, at most kMaxThresholds, the sum
  // of squared deviations from their side's mean that is left after the split.
  // As many scores.
  [[nodiscard]] Result<void> score(std::uint32_t feature, std::span<const float> thresholds, std::span<float> scores);

 private:
  SplitSearch() = default;

  std::uint32_t n_rows_ = 0;
  std::uint32_t n_features_ = 0;
  std::uint32_t n_node_rows_ = 0;
  wasi_gpu::Buffer table_;
  wasi_gpu::Buffer labels_;
  wasi_gpu::Buffer rows_;
  wasi_gpu::Buffer thresholds_;
  wasi_gpu::Buffer scores_;
};

}  // namespace wasm_ml
