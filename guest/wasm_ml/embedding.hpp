// What a program that embeds the host calls instead of running commands: no files, its arrays as buffers.
//
// Parameters are ids of buffers (Instance::share) and numbers; bytes and strides as in wit/0.2.0/forest.wit. Models are
// numbers from 1 on. Functions give a number that is negative where they fail; wasm_ml_error then tells why.
#pragma once

#include <cstdint>

namespace wasm_ml {

// In a buffer, for wasm_ml_train.
struct EmbeddedTraining {
  std::uint64_t seed = 0;
  double min_impurity_decrease = 0;
  std::uint32_t n_trees = 100;
  std::uint32_t max_depth = 0;     // 0: any
  std::uint32_t max_features = 0;  // 0: all
  std::uint32_t min_samples_split = 2;
  std::uint32_t min_samples_leaf = 1;
  std::uint32_t n_draws = 0;    // with bootstrap; 0: as many as rows
  std::uint32_t bootstrap = 1;  // 0: each tree sees all rows, once
  std::uint32_t balanced_subsample = 0;
  std::uint32_t leaf_targets = 0;  // for wasm_ml_quantiles
  std::uint32_t max_bins = 255;
  std::uint32_t draw_weights = 0;       // a buffer with an f64 for each row; 0: none
  std::uint32_t criterion_weights = 0;  // the same
};
static_assert(sizeof(EmbeddedTraining) == 64);

}  // namespace wasm_ml

extern "C" {

using WasmMlElement = std::uint32_t;  // float16 0, float32 1, float64 2, int8, uint8, … uint64 10

// A model of n_rows rows; n_classes 0: a regression. `params` holds an EmbeddedTraining.
std::int32_t wasm_ml_train(std::uint32_t features, WasmMlElement element, std::uint64_t offset, std::int64_t row_stride,
                           std::int64_t column_stride, std::uint32_t n_rows, std::uint32_t n_features,
                           std::uint32_t targets, WasmMlElement target_element, std::uint64_t target_offset,
                           std::int64_t target_stride, std::uint32_t n_classes, std::uint32_t params);

// A model from the bytes of a model file.
std::int32_t wasm_ml_load(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size);

// The size of the model's file; then its bytes.
std::int64_t wasm_ml_save_size(std::int32_t model);
std::int32_t wasm_ml_save(std::int32_t model, std::uint32_t buffer, std::uint64_t offset);

// Numbers that each row's prediction has.
std::int32_t wasm_ml_outputs(std::int32_t model);

// Predictions as wit/0.2.0/forest.wit's `prediction` numbers them: 0 outputs, 1 trees, 2 leaves.
std::int32_t wasm_ml_predict(std::int32_t model, std::uint32_t rows, WasmMlElement element, std::uint64_t offset,
                             std::int64_t row_stride, std::int64_t column_stride, std::uint32_t n_rows,
                             std::uint32_t what, std::uint32_t output, std::uint64_t output_offset);

// An f64 for each feature.
std::int32_t wasm_ml_importances(std::int32_t model, std::uint32_t output, std::uint64_t offset);

std::int32_t wasm_ml_drop(std::int32_t model);

// Writes up to `size` bytes of the last error's text; gives the length of all of it.
std::int32_t wasm_ml_error(std::uint32_t buffer, std::uint64_t offset, std::uint32_t size);
}
