// A buffer on a WebGPU device, and the part of it that a kernel sees.
#pragma once

#include <cstdint>
#include <utility>

#include "backend/device_buffer.hpp"
#include "backend/webgpu/buffer_pool.hpp"

namespace gpu_host::webgpu {

// Its memory is a multiple of 16 bytes, so that the last words and vectors of 4 floats
// can be reached whole; what lies beyond size() is nobody's.
class WebGpuBuffer final : public DeviceBuffer {
 public:
  WebGpuBuffer(std::uint64_t size, DeviceMemory memory) : DeviceBuffer(size), memory_(std::move(memory)) {}
  // A copy of an embedder's array.
  WebGpuBuffer(WrappedMemory array, DeviceMemory memory) : DeviceBuffer(std::move(array)), memory_(std::move(memory)) {}

  [[nodiscard]] WGPUBuffer handle() const { return memory_.buffer.get(); }
  [[nodiscard]] const DeviceMemory& memory() const { return memory_; }
  [[nodiscard]] DeviceMemory take_memory() { return std::move(memory_); }

 private:
  DeviceMemory memory_;
};

}  // namespace gpu_host::webgpu
