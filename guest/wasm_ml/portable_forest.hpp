// A forest grown anywhere, in the form in which it is imported and exported.
#pragma once

#include <cstdint>
#include <vector>

#include "model.hpp"
#include "postprocess.hpp"
#include "wasi_gpu/forest_types.hpp"

namespace wasm_ml {

enum class ForestTask : std::uint8_t { binary, regression, multiclass, ranking, isolation };

struct PortableForest {
  // What its origin says it is for.
  ForestTask task = ForestTask::regression;
  std::uint32_t n_classes = 0;  // 0: not a classification
  std::uint32_t n_targets = 1;  // more: an output for each

  std::uint32_t n_features = 0;
  std::uint32_t n_outputs = 1;  // numbers of a prediction
  bool vector_leaves = false;   // a leaf has n_outputs numbers; else one, for the output that its tree adds to
  bool average = false;         // an output is the mean over the trees that add to it; else their sum
  std::vector<double> base;     // n_outputs: added after that; none: 0
  Postprocessor postprocessor;  // last of all

  std::vector<std::uint64_t> tree_offsets;    // n_trees + 1, in nodes
  std::vector<std::uint32_t> tree_outputs;    // of scalar leaves: n_trees; none: the first
  std::vector<wasi_gpu::forest::Node> nodes;  // as wit/0.2.0/forest.wit lays them out; weight 0: not known
  std::vector<float> leaf_values;             // of vector leaves, in the order of their nodes

  [[nodiscard]] std::uint64_t n_trees() const { return tree_offsets.empty() ? 0 : tree_offsets.size() - 1; }
};

// What a model of it is for.
[[nodiscard]] ModelTask task_of(const PortableForest& forest);

// What the model is for, and what is done with outputs: its trees do not know.
void set_task(const ModelInfo& info, PortableForest& forest);

}  // namespace wasm_ml
