// Sizes and addresses that launches of kernels take.
#pragma once

#include <cuda.h>

#include <cstdint>

namespace gpu_host::cuda {

inline constexpr std::uint32_t kBlockThreads = 256;

[[nodiscard]] constexpr std::uint64_t divide_up(std::uint64_t value, std::uint64_t by) {
  return value / by + (value % by != 0 ? 1 : 0);
}

// For what is known to fit 32 bits.
[[nodiscard]] constexpr std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

// An address of the device as a kernel's parameter, which only the device may follow.
template <class T>
[[nodiscard]] T* device_pointer(CUdeviceptr address) {
  return reinterpret_cast<T*>(address);  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace gpu_host::cuda
