// Means of rows. Short rows: some lanes of a warp each. Long ones are cut into parts, a
// block each, and a warp adds up the parts of a row.
#pragma once

#include "backend/cuda/kernels/types.hpp"

namespace gpu_host::cuda {

// More is long: bounds what a warp reads.
constexpr u32 kMostShortRow = 4096;

// Rows [first, end).
struct AverageRowsLaunch {
  const float* input;
  float* output;
  u64 first;
  u64 end;
  u32 n_trees;
  u32 lanes;  // of each row: a power of 2 up to 32
};

// Parts [first, …) of all rows, in their order.
struct AveragePartsLaunch {
  const float* input;
  double* parts;
  u64 first;
  u32 n_trees;
  u32 part_size;
  u32 parts_per_row;
};

struct AverageOfPartsLaunch {
  const double* parts;
  float* output;
  u64 first;  // rows
  u64 end;
  u32 n_trees;
  u32 parts_per_row;
};

}  // namespace gpu_host::cuda
