// A forest of two trees that is small enough to try everything on.
#pragma once

#include "forest.hpp"

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

}  // namespace wasm_ml
