// Training of a forest: by the host where its device grows forests, else through the kernels of wasi:gpu 0.1.0.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dataset.hpp"
#include "error.hpp"
#include "forest.hpp"
#include "metrics.hpp"

namespace wasm_ml {

// Each may be empty.
struct TrainingHooks {
  std::function<void(std::uint32_t n_done)> progress = {};  // how many trees are done
  std::function<void(const std::string& text)> note = {};   // before the work begins
};

struct Trained {
  Forest forest;
  std::vector<double> importances = {};  // of each feature; empty where the kernels trained
  std::optional<Metrics> out_of_bag = {};
  std::uint32_t n_out_of_bag = 0;  // rows that out_of_bag is about
};

// A forest of the set, still without trees.
[[nodiscard]] Forest untrained_forest(const TrainingSet& set, const ForestParams& params);

// The same forest for the same data and parameters, bit for bit, on one device; on all that grow forests.
[[nodiscard]] Result<Trained> train_forest(const TrainingSet& set, const ForestParams& params,
                                           const TrainingHooks& hooks = {});

}  // namespace wasm_ml
