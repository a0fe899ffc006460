// Packed models (docs/packed-model.md) in the module's own memory: for hosts that have no wasi:gpu/forest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "error.hpp"
#include "forest.hpp"
#include "packed_model.hpp"

namespace wasm_ml {

// What can be told of a packed model without a device.
struct TreesSummary {
  std::uint32_t n_trees = 0;
  std::uint64_t n_nodes = 0;
  std::uint32_t n_features = 0;
  std::uint32_t n_outputs = 0;
  std::uint32_t depth = 0;  // edges of the longest path
  bool has_weights = false;
  bool has_leaf_targets = false;
  std::uint64_t bytes = 0;
};

// The error says what is wrong with it.
[[nodiscard]] Result<TreesSummary> summarize(std::string_view packed);

// How outputs are made of what trees say.
struct Aggregation {
  bool average = false;
  std::vector<double> base;                 // n_outputs or none
  std::vector<std::uint32_t> tree_outputs;  // n_trees or none
};

[[nodiscard]] Result<Aggregation> aggregation_of(std::string_view packed);

// Of trees whose leaves have a number each, without weights. Missing values go to the right.
[[nodiscard]] std::string pack_trees(const Forest& forest);

// Trees for kernel-batch-predict: the error says what that kernel cannot do. Only the trees of the result are set.
[[nodiscard]] Result<Forest> unpack_trees(std::string_view packed);

}  // namespace wasm_ml
