// The targets that the leaves of a tree keep.
#pragma once

#include <cstdint>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/forest/model_trees.hpp"
#include "backend/cpu/poll.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

// Of the tree with number `number` of a regression, as a forest of one, without sums. In part where the poll says to
// stop.
[[nodiscard]] LeafTargets targets_of_leaves(const DataSet& data, const forest::Parameters& parameters,
                                            const ModelTrees& tree, std::uint32_t number, Poll& poll);

}  // namespace gpu_host::cpu
