// One operation on every element.
#pragma once

#include "backend/cuda/kernels/types.hpp"

namespace gpu_host::cuda {

// Of one block of 256 threads.
constexpr u32 kElementsPerBlock = 4096;

// Elements [first, end); `first` is a multiple of 4. `b` is of binary operations only. The output may be an input.
struct ElementwiseLaunch {
  const float* a;
  const float* b;
  float* output;
  u32 first;
  u32 end;
  u32 op;  // as ElementwiseOp (kernel_params.hpp)
};

}  // namespace gpu_host::cuda
