// An opened WebGPU device: what its streams share. Safe for use by many threads at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "backend/gpu_error.hpp"
#include "backend/webgpu/adapters.hpp"
#include "backend/webgpu/buffer_pool.hpp"
#include "backend/webgpu/kernel.hpp"
#include "backend/webgpu/wgpu_handles.hpp"

namespace gpu_host::webgpu {

// What a launch binds: bytes [offset, offset + size) of a buffer. The offset is a
// multiple of GpuLimits::offset_alignment, the size one of 4.
struct Binding {
  std::uint32_t slot;  // the shader's @binding number, in group 0
  WGPUBuffer buffer;
  std::uint64_t offset;
  std::uint64_t size;
};
inline constexpr std::size_t kMaxBindings = 8;

// A kernel ready to run.
struct Pipeline {
  OwnedPipeline pipeline;
  OwnedBindGroupLayout layout;
};

class Gpu {
 public:
  Gpu(const Adapter& adapter, OpenedDevice opened);
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  [[nodiscard]] const GpuLimits& limits() const { return limits_; }
  [[nodiscard]] WGPUDevice device() const { return device_.get(); }
  [[nodiscard]] const DeviceHealth& health() const { return *health_; }

  // Compiled on first use and kept, for these slots of group 0.
  [[nodiscard]] GpuResult<const Pipeline*> pipeline(const Kernel& kernel, std::span<const Binding> bindings);

  // A new buffer of at most limits().max_buffer bytes, which reads as zeros. out_of_memory
  // where there is no room.
  [[nodiscard]] GpuResult<OwnedBuffer> create_buffer(std::uint64_t size, WGPUBufferUsage usage, bool mapped);

  // Finishes the encoder and submits what it recorded: nothing, if that has an error. The
  // number is for wait().
  [[nodiscard]] GpuResult<WGPUSubmissionIndex> submit(OwnedCommandEncoder encoder);

  // Returns when the submission is done, or the device is lost.
  void wait(WGPUSubmissionIndex submission);
  // Lets callbacks of what is done run; never waits.
  void poll();

  // Storage memory that no queued work uses.
  [[nodiscard]] BufferPool& storage() { return storage_; }
  // Mapped for writing, to copy from; and unmapped, to copy to and read.
  [[nodiscard]] BufferPool& staging() { return staging_; }
  [[nodiscard]] BufferPool& readback() { return readback_; }

 private:
  // Makes the calls; their error, if they had one, names `what`.
  template <class Calls>
  GpuResult<void> checked(const std::string& what, const Calls& calls);

  [[nodiscard]] GpuResult<WGPUShaderModule> shader_module(const Shader& shader);

  GpuLimits limits_;
  OwnedDevice device_;
  DeviceHealth* health_;
  OwnedQueue queue_;
  std::mutex errors_;  // the library's error scopes are the device's, not a thread's
  std::mutex pipelines_mutex_;
  std::map<Kernel, Pipeline> pipelines_;
  std::map<const Shader*, OwnedShaderModule> modules_;
  BufferPool storage_;
  BufferPool staging_;
  BufferPool readback_;
};

}  // namespace gpu_host::webgpu
