// What the cuda backend is compared with: direct calls of NVIDIA's driver and of cuBLAS, in a
// context and a stream of their own, on the same device.
#pragma once

#include <cstdint>

#include "comparison.hpp"
#include "gpu_host/devices.hpp"

namespace gpu_host::bench {

// Throw Skipped where cuBLAS, or cuRAND, which makes the references' inputs, cannot be opened.
void require_blas();
void require_random();

// Square matrices of random numbers that the device makes; queued, with one wait at the end.
[[nodiscard]] Operation direct_matmul(const DeviceEntry& device, std::uint32_t size, MatmulPrecision precision);

// Adds random numbers to others, in place; waited for each time.
[[nodiscard]] Operation direct_axpy(const DeviceEntry& device, std::uint32_t floats);

// From one buffer of the device to another, waited for each time.
[[nodiscard]] Operation direct_copy(const DeviceEntry& device, std::uint64_t bytes);

// cuMemcpyHtoD and cuMemcpyDtoH of pageable memory, whose pages are there.
[[nodiscard]] Operation plain_write(const DeviceEntry& device, std::uint64_t bytes);
[[nodiscard]] Operation plain_read(const DeviceEntry& device, std::uint64_t bytes);

}  // namespace gpu_host::bench
