// Sizes and addresses that launches of kernels take.
#pragma once

#include <cuda.h>

#include <cstdint>

#include "backend/arithmetic.hpp"

namespace gpu_host::cuda {

inline constexpr std::uint32_t kBlockThreads = 256;

// An address of the device as a kernel's parameter, which only the device may follow.
template <class T>
[[nodiscard]] T* device_pointer(CUdeviceptr address) {
  return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace gpu_host::cuda
