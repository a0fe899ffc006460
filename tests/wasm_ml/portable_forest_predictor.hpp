// Predicts by a portable forest, slowly and plainly.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "portable_forest.hpp"

namespace wasm_ml {

class PortableForestPredictor {
 public:
  explicit PortableForestPredictor(const PortableForest& forest) : forest_(forest) {
    std::uint64_t leaf = 0;
    for (const auto& node : forest.nodes) leaf_numbers_.push_back(node.is_leaf() ? leaf++ : 0);
  }

  // In the forest.
  [[nodiscard]] std::uint64_t leaf(std::uint64_t tree, std::span<const float> row) const {
    const std::uint64_t root = forest_.tree_offsets[tree];
    std::uint64_t number = 0;
    while (!forest_.nodes[root + number].is_leaf()) {
      const auto& node = forest_.nodes[root + number];
      const float value = row[static_cast<std::size_t>(node.feature)];
      number = std::isnan(value) ? node.missing_child : node.left + (value <= node.threshold ? 0U : 1U);
    }
    return root + number;
  }

  // The trees' sums as T adds them up.
  template <class T = double>
  [[nodiscard]] std::vector<double> raw(std::span<const float> row) const {
    std::vector<T> sums(forest_.n_outputs);
    std::vector<std::uint64_t> n_trees(forest_.n_outputs);
    for_each_value(row, [&](std::uint32_t output, float value) {
      sums[output] += static_cast<T>(value);
      ++n_trees[output];
    });
    std::vector<double> outputs;
    for (std::uint32_t output = 0; output < forest_.n_outputs; ++output) {
      const T mean = forest_.average ? sums[output] / static_cast<T>(n_trees[output]) : sums[output];
      outputs.push_back(static_cast<T>(static_cast<double>(mean) + forest_.base[output]));
    }
    return outputs;
  }

  // Of each output the sum of what is added up, without signs.
  [[nodiscard]] std::vector<double> magnitudes(std::span<const float> row) const {
    std::vector<double> sums(forest_.n_outputs);
    std::vector<double> n_trees(forest_.n_outputs);
    for_each_value(row, [&](std::uint32_t output, float value) {
      sums[output] += std::abs(static_cast<double>(value));
      ++n_trees[output];
    });
    for (std::uint32_t output = 0; output < forest_.n_outputs; ++output) {
      if (forest_.average) sums[output] /= n_trees[output];
      sums[output] += std::abs(forest_.base[output]);
    }
    return sums;
  }

  [[nodiscard]] std::vector<double> predict(std::span<const float> row) const {
    std::vector<double> outputs = raw(row);
    postprocess(forest_.postprocessor, std::span(outputs));
    return outputs;
  }

 private:
  void for_each_value(std::span<const float> row, auto add) const {
    for (std::uint64_t tree = 0; tree < forest_.n_trees(); ++tree) {
      const std::uint64_t node = leaf(tree, row);
      if (!forest_.vector_leaves) {
        add(forest_.tree_outputs[tree], forest_.nodes[node].threshold);
        continue;
      }
      for (std::uint32_t output = 0; output < forest_.n_outputs; ++output) {
        add(output, forest_.leaf_values[leaf_numbers_[node] * forest_.n_outputs + output]);
      }
    }
  }

  const PortableForest& forest_;
  std::vector<std::uint64_t> leaf_numbers_;  // of nodes that are leaves
};

}  // namespace wasm_ml
