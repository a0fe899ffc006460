// Forests that the guest steers.
#pragma once

#include <cstdint>

#include "random.hpp"
#include "wasi_gpu/forest.hpp"

// Extremely randomised trees: of each node, for each feature, one threshold at random between the node's values; the
// best of these splits it.
[[nodiscard]] wasi_gpu::Result<void> grow_extra_trees(wasi_gpu::forest::Growth& growth, std::uint32_t n_trees,
                                                      std::uint32_t n_features, Random& random);

// Level after level without a decision of the guest's own.
[[nodiscard]] wasi_gpu::Result<void> grow_by_levels(wasi_gpu::forest::Growth& growth, std::uint32_t n_trees);
