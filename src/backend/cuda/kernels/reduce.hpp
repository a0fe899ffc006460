// One value of all elements: each block makes one of those it reads, then one block one of these.
#pragma once

#include "backend/cuda/kernels/types.hpp"

namespace gpu_host::cuda {

// Read by a block of 256 threads at a time.
constexpr u32 kReduceTile = 4096;

enum class Combination : u32 {
  sum = 0,
  max = 1,
  min = 2,
  deviations = 3,  // the sum of squared deviations from the mean
};

// Elements [first, end); `first` is a multiple of 4.
struct ReducePartsLaunch {
  const float* input;
  double* parts;       // one per block
  const double* mean;  // of deviations only
  u32 first;
  u32 end;
  Combination combination;
  u32 is_first;  // of several launches; the others combine theirs with the parts that are there
};

// The result goes to `output`, or where that is null, to `mean`.
struct ReduceResultLaunch {
  const double* parts;
  float* output;
  double* mean;
  double divisor;
  u32 n_parts;
  Combination combination;
};

}  // namespace gpu_host::cuda
