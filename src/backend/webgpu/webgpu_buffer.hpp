// A buffer on a WebGPU device, and the part of it that a kernel sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "backend/backend.hpp"
#include "backend/webgpu/buffer_pool.hpp"

namespace gpu_host::webgpu {

// Its memory is a multiple of 16 bytes, so that the last words and vectors of 4 floats
// can be reached whole; what lies beyond size() is nobody's.
class WebGpuBuffer final : public Buffer {
 public:
  WebGpuBuffer(std::uint64_t size, DeviceMemory memory) : Buffer(size, false), memory_(std::move(memory)) {}
  // A copy of an embedder's array.
  WebGpuBuffer(WrappedMemory array, DeviceMemory memory)
      : Buffer(array.bytes.size(), array.read_only), memory_(std::move(memory)), array_(std::move(array)) {}

  [[nodiscard]] WGPUBuffer handle() const { return memory_.buffer.get(); }
  [[nodiscard]] const DeviceMemory& memory() const { return memory_; }
  [[nodiscard]] DeviceMemory take_memory() { return std::move(memory_); }

  [[nodiscard]] std::span<std::byte> array() const { return array_.bytes; }  // empty: there is none
  // Whether the device has written what the array lacks.
  [[nodiscard]] bool is_ahead() const { return is_ahead_; }
  void set_ahead(bool is_ahead) { is_ahead_ = is_ahead; }

 private:
  DeviceMemory memory_;
  WrappedMemory array_;
  bool is_ahead_ = false;
};

}  // namespace gpu_host::webgpu
