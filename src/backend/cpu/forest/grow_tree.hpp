// Grows one tree to its end, on one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/forest/grown_tree.hpp"
#include "backend/cpu/forest/node_rows.hpp"
#include "backend/cpu/poll.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

// Keeps its memory from tree to tree. For use by one thread at a time.
class TreeGrower {
 public:
  virtual ~TreeGrower() = default;
  // None where the poll says to stop.
  [[nodiscard]] virtual std::optional<GrownTree> grow(std::uint32_t number, Poll& poll) = 0;
};

// `data` and `parameters` outlive it. A node of up to `small_node` rows, from 1 to kMostSmallRows, is finished with all
// below it on a copy of them; the tree does not depend on how many.
[[nodiscard]] std::unique_ptr<TreeGrower> tree_grower(const DataSet& data, const forest::Parameters& parameters,
                                                      std::uint32_t small_node = kMostSmallRows);

}  // namespace gpu_host::cpu
