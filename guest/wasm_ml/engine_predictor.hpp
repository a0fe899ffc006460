// A model on a device that predicts forests itself (wasi:gpu/forest).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "error.hpp"
#include "wasi_gpu/buffer.hpp"
#include "wasi_gpu/forest.hpp"

namespace wasm_ml {

class EnginePredictor {
 public:
  [[nodiscard]] static Result<EnginePredictor> create(wasi_gpu::forest::Model model);

  [[nodiscard]] std::uint32_t n_features() const { return n_features_; }
  [[nodiscard]] std::uint32_t n_outputs() const { return n_outputs_; }

  // `samples` holds whole rows, `outputs` has n_outputs() for each. In parts of at most `max_part_bytes`, one row at
  // least.
  [[nodiscard]] Result<void> predict(std::span<const float> samples, std::span<float> outputs,
                                     std::size_t max_part_bytes);

 private:
  explicit EnginePredictor(wasi_gpu::forest::Model model) : model_(std::move(model)) {}

  [[nodiscard]] wasi_gpu::Result<void> predict_part(std::span<const float> samples, std::span<float> outputs);

  wasi_gpu::forest::Model model_;
  std::uint32_t n_features_ = 0;
  std::uint32_t n_outputs_ = 0;
  wasi_gpu::Buffer samples_;
  wasi_gpu::Buffer outputs_;
};

}  // namespace wasm_ml
