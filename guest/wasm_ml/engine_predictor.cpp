#include "engine_predictor.hpp"

#include <algorithm>
#include <utility>

namespace wasm_ml {
namespace {

namespace host = wasi_gpu::forest;
using wasi_gpu::Buffer;

// Room for at least so many bytes; what a buffer held is lost where it has to grow.
wasi_gpu::Result<void> reserve(Buffer& buffer, std::size_t bytes) {
  if (buffer.size() >= bytes) return {};
  auto larger = Buffer::create(bytes);
  if (!larger) return std::unexpected(std::move(larger.error()));
  buffer = *std::move(larger);
  return {};
}

}  // namespace

Result<EnginePredictor> EnginePredictor::create(host::Model model) {
  const auto shape = model.shape();
  if (!shape) return fail_device("asking for the model's shape", shape.error());
  EnginePredictor predictor(std::move(model));
  predictor.n_features_ = shape->n_features;
  predictor.n_outputs_ = shape->n_outputs;
  return predictor;
}

Result<void> EnginePredictor::predict(std::span<const float> samples, std::span<float> outputs,
                                      std::size_t max_part_bytes) {
  const std::size_t n_rows = samples.size() / n_features_;
  const std::size_t part = std::max<std::size_t>(1, max_part_bytes / sizeof(float) / n_features_);
  for (std::size_t begin = 0; begin < n_rows; begin += part) {
    const std::size_t n = std::min(part, n_rows - begin);
    const auto done = predict_part(samples.subspan(begin * n_features_, n * n_features_),
                                   outputs.subspan(begin * n_outputs_, n * n_outputs_));
    if (!done) return fail_device("predicting", done.error());
  }
  return {};
}

wasi_gpu::Result<void> EnginePredictor::predict_part(std::span<const float> samples, std::span<float> outputs) {
  auto done = reserve(samples_, samples.size_bytes());
  if (done) done = reserve(outputs_, outputs.size_bytes());
  if (done) done = samples_.write(samples);
  if (done) {
    done = model_.predict({.n_rows = static_cast<std::uint32_t>(samples.size() / n_features_),
                           .features = {{.buffer = samples_.id(),
                                         .row_stride = std::int64_t{n_features_} * std::int64_t{sizeof(float)},
                                         .n_columns = n_features_}}},
                          host::Prediction::outputs, outputs_);
  }
  if (done) done = outputs_.read(outputs);
  return done;
}

}  // namespace wasm_ml
