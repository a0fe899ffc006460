// A buffer on a CUDA device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "backend/backend.hpp"
#include "backend/cuda/handles.hpp"

namespace gpu_host::cuda {

// Its memory is a multiple of 16 bytes: the last vector of 4 floats can be read whole; what lies beyond size() is
// nobody's.
class CudaBuffer final : public Buffer {
 public:
  CudaBuffer(std::uint64_t size, DeviceMemory memory) : Buffer(size, false), memory_(std::move(memory)) {}
  // A copy of an embedder's array.
  CudaBuffer(WrappedMemory array, DeviceMemory memory)
      : Buffer(array.bytes.size(), array.read_only), memory_(std::move(memory)), array_(std::move(array)) {}

  [[nodiscard]] CUdeviceptr address() const { return memory_.address(); }
  // The address as a kernel's parameter, which only the device may follow. At a multiple of 256.
  template <class T>
  [[nodiscard]] T* pointer() const {
    return reinterpret_cast<T*>(memory_.address());  // NOLINT(performance-no-int-to-ptr)
  }

  [[nodiscard]] std::span<std::byte> array() const { return array_.bytes; }  // empty: there is none
  // Whether the device has written what the array lacks.
  [[nodiscard]] bool is_ahead() const { return is_ahead_; }
  void set_ahead(bool is_ahead) { is_ahead_ = is_ahead; }

 private:
  DeviceMemory memory_;
  WrappedMemory array_;
  bool is_ahead_ = false;
};

}  // namespace gpu_host::cuda
