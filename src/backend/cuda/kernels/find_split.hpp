// What find_split.cu takes. The rows of a node are cut into blocks by their number alone, so
// that the same sums are made in the same order every time.
#pragma once

#include "backend/cuda/kernels/error_slot.hpp"
#include "backend/cuda/kernels/types.hpp"

namespace gpu_host::cuda {

// Of the shifted labels of all rows of a block.
struct LabelSums {
  double sum;
  double squares;
};

// Of each block: LabelSums, then sum and count of each threshold's left side.
struct BlockSums {
  LabelSums* alls;
  double* sums;
  u32* counts;
};

struct SumBlocks {
  const float* column;  // the feature of row 0
  const float* labels;
  const u32* indices;       // all of the node
  const float* thresholds;  // of this launch
  float* scores;            // of these thresholds, where there is one block; else null
  BlockSums blocks;         // of these thresholds
  ErrorSlot* errors;
  u64 n_rows;  // of the table
  u32 n_features;
  u32 n;            // rows of the node
  u32 block;        // rows in a block
  u32 first_block;  // of this launch
  u32 n_thresholds;
  u32 width_log2;  // of the number of thresholds that a block of threads takes
};

struct Combine {
  BlockSums blocks;
  float* scores;
  u32 n;
  u32 n_blocks;
  u32 n_thresholds;
};

}  // namespace gpu_host::cuda
