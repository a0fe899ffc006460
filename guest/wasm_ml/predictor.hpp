// A model on the device, ready to predict: by the host where its device predicts forests, else by the kernels of
// wasi:gpu 0.1.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "error.hpp"
#include "kernel_predictor.hpp"
#include "model_file.hpp"
#if defined(WASI_GPU_FOREST)
#include "engine_predictor.hpp"
#endif

namespace wasm_ml {

class Predictor {
 public:
  // The file's trees go to the device. Where the kernels predict, `note` is told so.
  [[nodiscard]] static Result<Predictor> create(ModelFile& file, std::string* note = nullptr);

  // Numbers of a prediction: as many as classes, or 1 where there are two or none.
  [[nodiscard]] std::uint32_t n_outputs() const;

  // Predictions for whole rows of the model's features, n_outputs() each. Large batches go to the device in parts of at
  // most `max_part_bytes`.
  [[nodiscard]] Result<void> predict(std::span<const float> samples, std::span<float> outputs,
                                     std::size_t max_part_bytes = std::size_t{64} << 20U);

 private:
  explicit Predictor(const Postprocessor& postprocessor) : postprocessor_(postprocessor) {}

  Postprocessor postprocessor_;
  // One of them.
  std::unique_ptr<KernelPredictor> kernels_;
#if defined(WASI_GPU_FOREST)
  std::unique_ptr<EnginePredictor> engine_;
#endif
};

}  // namespace wasm_ml
