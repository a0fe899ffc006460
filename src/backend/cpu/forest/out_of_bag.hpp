// Predictions for rows by the trees that did not draw them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/forest/model_trees.hpp"
#include "backend/cpu/parallel.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

// Sums of predictions of trees for the rows that they did not draw.
struct OutOfBag {
  std::vector<double> sums;           // of each row, or of each of its classes
  std::vector<std::uint32_t> counts;  // of trees
};

// Adds the predictions of `trees`, a forest of one each, numbered from `first` on, in their order. Half done where the
// workers were told to stop.
void add_out_of_bag(const DataSet& data, const forest::Parameters& parameters, std::span<const ModelTrees> trees,
                    std::uint32_t first, OutOfBag& to, Workers& workers);

}  // namespace gpu_host::cpu
