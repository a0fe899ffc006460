// A tree that rows of its data set walk by their bins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/forest/model_trees.hpp"
#include "backend/cpu/poll.hpp"

namespace gpu_host::cpu {

class BinnedTree {
 public:
  struct Leaf {
    std::uint32_t node;
    std::uint32_t number;  // how many leaves come before it
  };

  // Of a forest of one. In part where the poll says to stop.
  BinnedTree(const DataSet& data, const ModelTrees& tree, Poll& poll);

  [[nodiscard]] Leaf leaf_of(const DataSet& data, std::uint32_t row) const;

 private:
  struct Node {
    std::int32_t feature;
    std::uint16_t last;  // the last bin that goes left, the coarse one before the fine one
    bool missing_left;
    std::uint32_t left;
    std::uint32_t leaf;  // its number
  };
  std::vector<Node> nodes_;
};

}  // namespace gpu_host::cpu
