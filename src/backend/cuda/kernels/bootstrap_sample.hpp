// Indices drawn with replacement.
#pragma once

#include "backend/cuda/kernels/types.hpp"

namespace gpu_host::cuda {

// Of one block of 256 threads.
constexpr u32 kDrawsPerBlock = 4096;

// Indices [first, end) of the output; `first` is a multiple of 4.
struct DrawLaunch {
  u32* output;
  u32 first;
  u32 end;
  u32 seed;
  u32 max_index;
};

}  // namespace gpu_host::cuda
