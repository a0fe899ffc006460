// A forest on a device that has only the kernels of wasi:gpu 0.1.0, ready to predict. Its buffers are reused from call
// to call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "error.hpp"
#include "forest.hpp"
#include "wasi_gpu/buffer.hpp"

namespace wasm_ml {

class KernelPredictor {
 public:
  // Uploads the forest, which is not needed afterwards.
  [[nodiscard]] static Result<KernelPredictor> create(const Forest& forest);

  // `samples` holds predictions.size() rows of the model's features; where one is missing, in a forest that knows
  // where missing values go, that is an error: the kernel does not. Large batches go to the
  // device in parts of at most `max_part_bytes`, one row at least.
  [[nodiscard]] Result<void> predict(std::span<const float> samples, std::span<float> predictions,
                                     std::size_t max_part_bytes = std::size_t{64} << 20U);

 private:
  KernelPredictor() = default;
  [[nodiscard]] Result<void> reserve(std::size_t n_rows);
  [[nodiscard]] Result<void> predict_part(std::span<const float> samples, std::span<float> predictions);

  std::uint32_t n_features_ = 0;
  std::uint32_t n_trees_ = 0;
  std::uint32_t depth_ = 0;
  bool takes_missing_ = true;
  std::size_t capacity_ = 0;  // rows for which samples_ and predictions_ have room
  wasi_gpu::Buffer nodes_;
  wasi_gpu::Buffer offsets_;
  wasi_gpu::Buffer samples_;
  wasi_gpu::Buffer predictions_;
};

}  // namespace wasm_ml
