// A node of a decision tree as it lies in buffers: `tree-nodes` of
// kernel-batch-predict (wit/ml-kernels.wit).
#pragma once

#include <cstdint>

namespace gpu_host::forest {

inline constexpr std::int32_t kLeaf = -1;

struct Node {
  std::int32_t feature;  // kLeaf, or the column that is compared
  float threshold;       // x <= threshold goes left; of a leaf: its value
  std::uint32_t left;    // children count from the tree's first node
  std::uint32_t right;
};
static_assert(sizeof(Node) == 16 && alignof(Node) == 4);

}  // namespace gpu_host::forest
