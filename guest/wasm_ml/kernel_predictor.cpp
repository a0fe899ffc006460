#include "kernel_predictor.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "text.hpp"
#include "wasi_gpu/kernels.hpp"

namespace wasm_ml {

using wasi_gpu::Buffer;

Result<KernelPredictor> KernelPredictor::create(const Forest& forest) {
  auto nodes = Buffer::from(forest.nodes);
  auto offsets = Buffer::from(forest.tree_offsets);
  for (auto* buffer : {&nodes, &offsets}) {
    if (!*buffer) return fail_device("putting the forest on the device", buffer->error());
  }
  KernelPredictor predictor;
  predictor.n_features_ = static_cast<std::uint32_t>(forest.feature_names.size());
  predictor.n_trees_ = static_cast<std::uint32_t>(forest.tree_offsets.size());
  predictor.depth_ = forest.depth;
  predictor.takes_missing_ = !forest.knows_missing;
  predictor.nodes_ = std::move(*nodes);
  predictor.offsets_ = std::move(*offsets);
  return predictor;
}

Result<void> KernelPredictor::predict(std::span<const float> samples, std::span<float> predictions,
                                      std::size_t max_part_bytes) {
  const auto missing =
      takes_missing_ ? samples.end() : std::ranges::find_if(samples, [](float x) { return std::isnan(x); });
  if (missing != samples.end()) {
    const auto at = static_cast<std::size_t>(missing - samples.begin());
    return fail(format("row %zu, feature %zu: missing values are more than the 0.1.0 kernels can do",
                       at / n_features_ + 1, at % n_features_ + 1));
  }
  const std::size_t part = std::max<std::size_t>(1, max_part_bytes / sizeof(float) / n_features_);
  for (std::size_t begin = 0; begin < predictions.size(); begin += part) {
    const std::size_t n_rows = std::min(part, predictions.size() - begin);
    auto done =
        predict_part(samples.subspan(begin * n_features_, n_rows * n_features_), predictions.subspan(begin, n_rows));
    if (!done) return done;
  }
  return {};
}

Result<void> KernelPredictor::reserve(std::size_t n_rows) {
  if (n_rows <= capacity_) return {};
  auto samples = Buffer::create_for<float>(std::uint64_t{n_rows} * n_features_);
  auto predictions = Buffer::create_for<float>(n_rows);
  for (auto* buffer : {&samples, &predictions}) {
    if (!*buffer) return fail_device("making room for the rows on the device", buffer->error());
  }
  samples_ = std::move(*samples);
  predictions_ = std::move(*predictions);
  capacity_ = n_rows;
  return {};
}

Result<void> KernelPredictor::predict_part(std::span<const float> samples, std::span<float> predictions) {
  if (auto reserved = reserve(predictions.size()); !reserved) return reserved;
  auto done = samples_.write(samples);
  if (done) {
    done = wasi_gpu::batch_predict({.batch_size = static_cast<std::uint32_t>(predictions.size()),
                                    .n_features = n_features_,
                                    .n_trees = n_trees_,
                                    .max_depth = depth_},
                                   samples_, nodes_, offsets_, predictions_);
  }
  if (done) done = predictions_.read(predictions);
  if (!done) return fail_device("predicting", done.error());
  return {};
}

}  // namespace wasm_ml
