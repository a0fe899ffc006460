// Records what a stream asks for, and hands it to the device in few submissions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <span>
#include <utility>
#include <vector>

#include "backend/gpu_error.hpp"
#include "backend/interrupt.hpp"
#include "backend/webgpu/buffer_pool.hpp"
#include "backend/webgpu/gpu.hpp"
#include "backend/webgpu/kernel.hpp"
#include "backend/webgpu/staging.hpp"
#include "backend/webgpu/webgpu_buffer.hpp"

namespace gpu_host::webgpu {

// Some elements of a buffer as a binding, and the number that the first of them has in it.
struct Window {
  Binding binding;
  std::uint32_t first;
};

// Workgroups. Each dimension at most kMaxWorkgroups.
struct Grid {
  std::uint32_t x = 1;
  std::uint32_t y = 1;
  std::uint32_t z = 1;
};
inline constexpr std::uint32_t kMaxWorkgroups = 65'535;

// At least `workgroups` of them, which is at most kMaxWorkgroups^2. common.wgsl counts them
// in a line; those from `workgroups` on must do nothing.
[[nodiscard]] Grid line_of(std::uint64_t workgroups);

// The immediates of a launch: a struct as the shader declares it.
template <class T>
[[nodiscard]] std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

// Of one stream. What a call returns as an error was not queued.
class Commands {
 public:
  // `interrupt` may be null.
  Commands(Gpu& gpu, const Interrupt* interrupt);
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;
  ~Commands();  // drops what was not submitted, and waits for the rest

  // Before all else.
  [[nodiscard]] GpuResult<void> prepare();

  [[nodiscard]] Gpu& gpu() { return *gpu_; }

  // -- for kernels ------------------------------------------------------------
  // Queues `kernel` over `grid`. `immediates` is the shader's var<immediate>, at most 128
  // bytes. `work`: about how many elementary steps (memory accesses) it takes; what exceeds
  // max_work() should be cut into several launches. No buffer may be bound both to be
  // read and to be written. A launch sees what earlier ones wrote.
  [[nodiscard]] GpuResult<void> launch(const Kernel& kernel, std::span<const Binding> bindings,
                                       std::span<const std::byte> immediates, Grid grid, std::uint64_t work);
  [[nodiscard]] GpuResult<void> launch(const Kernel& kernel, std::initializer_list<Binding> bindings,
                                       std::span<const std::byte> immediates, Grid grid, std::uint64_t work) {
    return launch(kernel, std::span(bindings.begin(), bindings.size()), immediates, grid, work);
  }

  // As many steps as a submission takes on: it bounds how long an interrupt waits.
  [[nodiscard]] std::uint64_t max_work() const;

  // The elements [first, first + count) of 4 bytes, as binding `slot`. `count` may be 0 and
  // is at most max_window().
  [[nodiscard]] Window window(std::uint32_t slot, const WebGpuBuffer& buffer, std::uint64_t first,
                              std::uint64_t count) const;
  [[nodiscard]] Window window(std::uint32_t slot, const DeviceMemory& memory, std::uint64_t first,
                              std::uint64_t count) const;
  [[nodiscard]] std::uint64_t max_window() const;

  // Where the kernel reports data that it refuses (errors.wgsl). Whoever waits next looks there.
  [[nodiscard]] Binding error_slot(std::uint32_t slot);

  // Memory that holds anything, for launches that are queued while this lives.
  class Scratch {
   public:
    Scratch(Commands& commands, DeviceMemory memory) : commands_(&commands), memory_(std::move(memory)) {}
    Scratch(Scratch&&) = default;
    Scratch& operator=(Scratch&&) = delete;
    ~Scratch() {
      if (memory_.buffer) commands_->recycle(std::move(memory_));
    }
    [[nodiscard]] const DeviceMemory& operator*() const { return memory_; }

   private:
    Commands* commands_;
    DeviceMemory memory_;
  };
  [[nodiscard]] GpuResult<Scratch> scratch(std::uint64_t bytes);

  // -- for transfers ----------------------------------------------------------
  // Memory of at least `size` bytes. Where it is not `zeroed` it holds anything.
  [[nodiscard]] GpuResult<DeviceMemory> allocate(std::uint64_t size, bool zeroed);

  // Takes back memory that nothing which is queued later uses: free for this stream at
  // once, for others after the next submission.
  void recycle(DeviceMemory memory) noexcept;

  // Between different buffers; offsets and size are multiples of 4.
  [[nodiscard]] GpuResult<void> copy(WGPUBuffer source, std::uint64_t source_offset, WGPUBuffer target,
                                     std::uint64_t target_offset, std::uint64_t size);

  // Copies `data` into the buffer. Offset and size are multiples of 4.
  [[nodiscard]] GpuResult<void> upload(WGPUBuffer target, std::uint64_t offset, std::span<const std::byte> data);

  // Waits for all work, returns the error that it reported, if any, and else shows `use` so
  // many bytes of the buffer: at most kMaxReadback; offset and size are multiples of 4. In
  // one submission. With a null source and size 0: only waits and looks for the error.
  using Use = std::function<GpuResult<void>(std::span<const std::byte>)>;
  static constexpr std::uint64_t kMaxReadback = std::uint64_t{16} << 20U;
  [[nodiscard]] GpuResult<void> read_back(WGPUBuffer source, std::uint64_t offset, std::uint64_t size, const Use& use);

  // Hands what is recorded to the device.
  [[nodiscard]] GpuResult<void> submit();

 private:
  [[nodiscard]] bool is_interrupted() const { return interrupt_ != nullptr && interrupt_->requested(); }
  [[nodiscard]] GpuResult<WGPUCommandEncoder> encoder();
  // To be called before that much work is recorded, whatever it is: neither an interrupt nor
  // memory waits for commands without end.
  [[nodiscard]] GpuResult<void> submit_if_full(std::uint64_t work);
  [[nodiscard]] GpuResult<void> record_copy(WGPUBuffer source, std::uint64_t source_offset, WGPUBuffer target,
                                            std::uint64_t target_offset, std::uint64_t size);
  void end_pass();
  // Waits until at most `count` submissions are under way.
  void wait_for_all_but(std::size_t count);
  [[nodiscard]] GpuResult<void> clear(const DeviceMemory& memory);

  Gpu* gpu_;
  const Interrupt* interrupt_;
  DeviceMemory error_memory_;
  bool has_unread_errors_ = false;  // some kernel may have reported one since the last look
  OwnedCommandEncoder encoder_;
  OwnedComputePass pass_;
  std::uint64_t recorded_work_ = 0;
  std::uint32_t recorded_commands_ = 0;
  std::deque<WGPUSubmissionIndex> under_way_;
  std::vector<DeviceMemory> recycled_;  // since the last submission
  std::uint64_t recycled_bytes_ = 0;
  Staging staging_;
};

}  // namespace gpu_host::webgpu
