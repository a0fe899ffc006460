// What a program that embeds the host calls instead of running commands: no files, its arrays as buffers.
//
// Parameters are numbers and ids of buffers (Instance::share); structures and lists lie in buffers too. Growths and
// models are numbers from 1 on. Functions give a number that is negative where they fail: wasm_ml_error then has the
// text that tells why, for wasm_ml_take. No buffer is needed after the call that takes it.
#pragma once

#include <cstdint>

namespace wasm_ml {

// Columns of a table and numbers of rows, as wit/0.2.0/forest.wit describes them. Elements: float16 0, float32 1,
// float64 2, int8, uint8, … uint64 10.
struct EmbeddedColumns {
  std::uint32_t buffer = 0;
  std::uint32_t element = 1;
  std::uint64_t offset = 0;
  std::int64_t row_stride = 0;     // bytes
  std::int64_t column_stride = 0;  // bytes
  std::uint64_t n_columns = 0;
};
static_assert(sizeof(EmbeddedColumns) == 40);

struct EmbeddedNumbers {
  std::uint32_t buffer = 0;  // 0: none
  std::uint32_t element = 1;
  std::uint64_t offset = 0;
  std::int64_t stride = 0;  // bytes
};
static_assert(sizeof(EmbeddedNumbers) == 24);

struct EmbeddedTraining {
  std::uint32_t columns = 0;  // a buffer with an EmbeddedColumns for each block of features
  std::uint32_t n_blocks = 1;
  EmbeddedNumbers targets = {};
  EmbeddedNumbers draw_weights = {};
  EmbeddedNumbers criterion_weights = {};
  std::uint64_t seed = 0;
  double min_weight_fraction_leaf = 0;
  double min_impurity_decrease = 0;
  std::uint32_t n_rows = 0;
  std::uint32_t n_classes = 0;  // 0: a regression
  std::uint32_t n_trees = 100;
  std::uint32_t max_depth = 0;     // 0: any
  std::uint32_t max_features = 0;  // 0: all
  std::uint32_t min_samples_split = 2;
  std::uint32_t min_samples_leaf = 1;
  std::uint32_t n_draws = 0;    // with bootstrap; 0: as many as rows
  std::uint32_t bootstrap = 1;  // 0: each tree sees all rows, once
  std::uint32_t balanced_subsample = 0;
  std::uint32_t out_of_bag = 0;    // for wasm_ml_out_of_bag
  std::uint32_t leaf_targets = 0;  // for wasm_ml_quantiles
  std::uint32_t max_bins = 255;
  std::uint32_t fine_bins = 1;
};
static_assert(sizeof(EmbeddedTraining) == 160);

struct EmbeddedShape {
  std::uint64_t n_nodes = 0;
  std::uint64_t n_leaves = 0;
  std::uint32_t n_trees = 0;
  std::uint32_t n_features = 0;
  std::uint32_t n_outputs = 0;  // numbers of a prediction
  std::uint32_t leaves = 0;     // as wit/0.2.0/forest.wit numbers leaf-kind: 0 number, 1 classes, 2 vector
  std::uint32_t has_weights = 0;
  std::uint32_t has_leaf_targets = 0;
};
static_assert(sizeof(EmbeddedShape) == 40);

// What wasm_ml_name gives names to.
enum class EmbeddedNames : std::uint32_t {
  target,      // one text
  features,    // a text for each
  categories,  // of feature `index`, in the order of their codes
  classes,     // a text for each
};

}  // namespace wasm_ml

extern "C" {

// A growth of the forest that an EmbeddedTraining describes.
std::int32_t wasm_ml_start(std::uint32_t training, std::uint64_t offset);

// Grows up to `n_trees` more trees. How many are finished.
std::int32_t wasm_ml_grow(std::int32_t growth, std::uint32_t n_trees);

// The model, of all trees. The growth is gone.
std::int32_t wasm_ml_finish(std::int32_t growth);

// One model of several that this version of wasm_ml grew from the same columns, tree after tree, without out-of-bag
// predictions and targets of leaves. `models`: a buffer with an i32 for each. They stay.
std::int32_t wasm_ml_merge(std::uint32_t models, std::uint64_t offset, std::uint32_t n_models);

// A model from the bytes of a model file, or of a forest in Treelite's binary format.
std::int32_t wasm_ml_load(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size);
std::int32_t wasm_ml_import(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size);

// Names of what was numbered so far: texts one after the other, each its length in bytes (u32) and its UTF-8.
std::int32_t wasm_ml_name(std::int32_t model, wasm_ml::EmbeddedNames what, std::uint32_t index, std::uint32_t buffer,
                          std::uint64_t offset, std::uint64_t size);

// The size of the model's file; then its bytes.
std::int64_t wasm_ml_save_size(std::int32_t model);
std::int32_t wasm_ml_save(std::int32_t model, std::uint32_t buffer, std::uint64_t offset);

// What is as long as it turns out to be: each gives a number of bytes, which wasm_ml_take then writes, once: the model
// in Treelite's binary format; what `wasm_ml info --json` says of a model; the text of the last error.
std::int64_t wasm_ml_export(std::int32_t model);
std::int64_t wasm_ml_info(std::int32_t model);
std::int64_t wasm_ml_error();
std::int32_t wasm_ml_take(std::uint32_t output, std::uint64_t offset);

// Writes an EmbeddedShape.
std::int32_t wasm_ml_shape(std::int32_t model, std::uint32_t output, std::uint64_t offset);

// Predictions for rows in `n_blocks` blocks of features, as wit/0.2.0/forest.wit's `prediction` numbers them: 0
// outputs, 1 trees, 2 leaves.
std::int32_t wasm_ml_predict(std::int32_t model, std::uint32_t columns, std::uint64_t columns_offset,
                             std::uint32_t n_blocks, std::uint32_t n_rows, std::uint32_t what, std::uint32_t output,
                             std::uint64_t output_offset);

// `quantiles`: a buffer with an f64 for each. Of each row an f32 for each.
std::int32_t wasm_ml_quantiles(std::int32_t model, std::uint32_t columns, std::uint64_t columns_offset,
                               std::uint32_t n_blocks, std::uint32_t n_rows, std::uint32_t quantiles,
                               std::uint32_t n_quantiles, std::uint32_t output, std::uint64_t output_offset);

// An f64 for each feature; an f64 for each row and output of the training; a u64 for each tree and one more; 20 bytes a
// node, as `model.write-nodes` lays them out.
std::int32_t wasm_ml_importances(std::int32_t model, std::uint32_t output, std::uint64_t offset);
std::int32_t wasm_ml_out_of_bag(std::int32_t model, std::uint32_t output, std::uint64_t offset);
std::int32_t wasm_ml_tree_offsets(std::int32_t model, std::uint32_t output, std::uint64_t offset);
std::int32_t wasm_ml_nodes(std::int32_t model, std::uint64_t first, std::uint64_t n_nodes, std::uint32_t output,
                           std::uint64_t offset);

std::int32_t wasm_ml_drop_growth(std::int32_t growth);
std::int32_t wasm_ml_drop(std::int32_t model);
}
