// A buffer on a CUDA device.
#pragma once

#include <cstdint>
#include <utility>

#include "backend/cuda/handles.hpp"
#include "backend/cuda/launch_sizes.hpp"
#include "backend/device_buffer.hpp"

namespace gpu_host::cuda {

// Its memory is a multiple of 16 bytes: the last vector of 4 floats can be read whole; what lies beyond size() is
// nobody's.
class CudaBuffer final : public DeviceBuffer {
 public:
  CudaBuffer(std::uint64_t size, DeviceMemory memory) : DeviceBuffer(size), memory_(std::move(memory)) {}
  // A copy of an embedder's array.
  CudaBuffer(WrappedMemory array, DeviceMemory memory) : DeviceBuffer(std::move(array)), memory_(std::move(memory)) {}

  [[nodiscard]] CUdeviceptr address() const { return memory_.address(); }
  // The address as a kernel's parameter. At a multiple of 256.
  template <class T>
  [[nodiscard]] T* pointer() const {
    return device_pointer<T>(memory_.address());
  }

 private:
  DeviceMemory memory_;
};

}  // namespace gpu_host::cuda
