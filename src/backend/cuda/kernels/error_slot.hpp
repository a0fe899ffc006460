// Where kernels report data that they refuse: only the first report is kept, be there
// many at once; the host reads it when it waits (device_error.hpp).
#pragma once

#include "backend/cuda/kernels/types.hpp"

namespace gpu_host::cuda {

enum class ReportKind : u32 {
  bad_row = 1,      // position in indices, the index, rows
  bad_offset = 2,   // tree, its offset, nodes
  bad_feature = 3,  // position of the node, its feature, features
  bad_left = 4,     // position of the node, its left child, root, nodes of the tree
  bad_right = 5,    // the same with its right child
  no_leaf = 6,      // position of the node, max_depth, root
};

struct ErrorSlot {
  u32 reports;
  ReportKind kind;
  u64 values[4];
};

#ifdef __CUDACC__
inline __device__ void report_error(ErrorSlot* slot, ReportKind kind, u64 a, u64 b, u64 c, u64 d = 0) {
  // Looking first spares most of many reports the atomic addition.
  if (*static_cast<volatile u32*>(&slot->reports) != 0 || atomicAdd(&slot->reports, 1U) != 0) return;
  slot->kind = kind;
  slot->values[0] = a;
  slot->values[1] = b;
  slot->values[2] = c;
  slot->values[3] = d;
}
#endif

}  // namespace gpu_host::cuda
