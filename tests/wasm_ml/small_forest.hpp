// A forest of two trees that is small enough to try everything on.
#pragma once

#include <string>
#include <utility>

#include "forest.hpp"
#include "model_file.hpp"
#include "packed_trees.hpp"

namespace wasm_ml {

inline Forest small_forest() {
  return {
      .params =
          {.n_trees = 2, .max_depth = 4, .max_features = 1, .min_samples_split = 2, .min_samples_leaf = 1, .seed = 7},
      .n_train_rows = 5,
      .target_name = "y",
      .feature_names = {"a", "bb"},
      .tree_offsets = {0, 5},
      .nodes = {{.feature = 0, .threshold = 0.5F, .left = 1, .right = 2},
                {.feature = -1, .threshold = 1.0F},
                {.feature = 1, .threshold = -2.5F, .left = 3, .right = 4},
                {.feature = -1, .threshold = 2.0F},
                {.feature = -1, .threshold = 3.0F},
                {.feature = -1, .threshold = 10.0F}},
      .depth = 2};
}

// A model as training makes it of such a forest.
inline Model model_of(const Forest& forest) {
  return {.info = {.target_name = forest.target_name,
                   .features = numeric_features(forest.feature_names),
                   .params = forest.params,
                   .n_train_rows = forest.n_train_rows},
          .packed = pack_trees(forest)};
}

inline Result<ModelFile> open_model(std::string bytes) {
  return ModelFile::open(ByteSource::of_bytes("m.bin", std::move(bytes)));
}

inline Result<ModelFile> open_model(const Model& model) { return open_model(encode_model(model)); }

// Why the bytes are no model.
inline std::string open_error(std::string bytes) {
  const auto file = open_model(std::move(bytes));
  return file ? "no error" : file.error().message;
}

}  // namespace wasm_ml
