// How much each feature decreases the impurity of a tree (docs/forest-numerics.md, 6).
#pragma once

#include <cstdint>
#include <vector>

#include "forest/model.hpp"

namespace gpu_host::cpu {

// Of all features, with a sum of 1; empty where no node is split.
[[nodiscard]] std::vector<double> importances(const forest::Tree& tree, std::uint32_t n_features,
                                              std::uint32_t n_classes);

}  // namespace gpu_host::cpu
