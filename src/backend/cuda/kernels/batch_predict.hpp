// What batch_predict.cu takes. Several threads may share a row, each taking some of the
// trees: a small batch goes parallel over trees.
#pragma once

#include "backend/cuda/kernels/error_slot.hpp"
#include "backend/cuda/kernels/types.hpp"

namespace gpu_host::cuda {

// Where a thread stands in its trees, between launches, and what it has added up.
struct Walker {
  double sum;
  u64 tree;   // its current one
  u32 at;     // the node of it
  u32 edges;  // from the root
};

struct WalkTrees {
  const float* samples;  // of the first row of this launch
  const u32* nodes;      // 4 words each
  const u32* offsets;
  float* output;    // of the first row: means, where there are no walkers
  Walker* walkers;  // of each thread; may be null
  u64* unfinished;  // number of the last launch that left walks for the next one
  ErrorSlot* errors;
  u64 n_rows;
  u64 n_nodes;
  u64 launch_number;  // from 1; later ones go on where walkers stand
  u32 n_features;
  u32 n_trees;
  u32 max_depth;
  u32 shares_log2;  // of the number of threads that share a row
  u32 max_steps;    // nodes that a thread visits in this launch, at most
};

struct AddShares {
  const Walker* walkers;
  float* output;
  u64 n_rows;
  u32 shares_log2;
  u32 width_log2;  // of the number of threads that add up a row's shares
  u32 n_trees;
};

}  // namespace gpu_host::cuda
