// Training of a forest: by the host where its device grows forests, else through the kernels of wasi:gpu 0.1.0.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "dataset.hpp"
#include "error.hpp"
#include "forest.hpp"
#include "metrics.hpp"
#include "model.hpp"
#include "packed_trees.hpp"

namespace wasm_ml {

// Each may be empty.
struct TrainingHooks {
  std::function<void(std::uint32_t n_done)> progress = {};  // how many trees are done
  std::function<void(const std::string& text)> note = {};   // before the work begins
};

struct OutOfBag {
  Evaluation evaluation;
  std::uint32_t n_rows = 0;  // that it is about
};

struct Trained {
  Model model;  // without importances where the kernels trained
  TreesSummary trees = {};
  std::optional<OutOfBag> out_of_bag = {};  // none: not asked for, or no row was left out
};

// What a model of the set says, before there are trees.
[[nodiscard]] ModelInfo model_info(const TrainingSet& set, const ForestParams& params);

// The same forest for the same data and parameters, bit for bit, on one device; on all that grow forests.
[[nodiscard]] Result<Trained> train_forest(const TrainingSet& set, const ForestParams& params,
                                           const TrainingHooks& hooks = {});

}  // namespace wasm_ml
