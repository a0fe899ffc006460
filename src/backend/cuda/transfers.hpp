// Copies between this machine's memory and the device's, through pinned memory that
// several threads fill and empty: the driver copies pageable memory with one, and waits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "backend/backend.hpp"
#include "backend/cpu/parallel.hpp"
#include "backend/cuda/queue.hpp"

namespace gpu_host::cuda {

// Of one queue, which outlives it; nothing may be under way when it ends.
class Transfers {
 public:
  explicit Transfers(Queue& queue);

  // `data` may be reused as soon as the call returns.
  [[nodiscard]] GpuResult<void> write(CUdeviceptr to, std::span<const std::byte> data);

  // As Stream::read: waits for all work before.
  [[nodiscard]] GpuResult<void> read(CUdeviceptr from, std::uint64_t size, const ReadDestination& destination);

  // As Stream::copy. The ranges may overlap.
  [[nodiscard]] GpuResult<void> copy(CUdeviceptr from, CUdeviceptr to, std::uint64_t size);

 private:
  static constexpr std::uint64_t kChunk = std::uint64_t{4} << 20U;
  static constexpr std::size_t kChunks = 8;

  struct Chunk {
    PinnedMemory memory;     // null before the first use
    OwnedEvent done;         // with the device's last use
    std::uint64_t used = 0;  // bytes, since it was taken
    bool in_use = false;     // perhaps, by the device
  };

  // The next chunk of the ring, whole, once the device is done with it.
  [[nodiscard]] GpuResult<Chunk*> take();
  // After the copy that used it last was queued.
  [[nodiscard]] GpuResult<void> give(Chunk& chunk);
  [[nodiscard]] GpuResult<void> copy_apart(CUdeviceptr from, CUdeviceptr to, std::uint64_t size);
  void copy_bytes(std::byte* to, const std::byte* from, std::uint64_t size);

  Queue& queue_;
  cpu::Workers workers_;
  std::array<Chunk, kChunks> chunks_;
  std::size_t next_ = 0;
  Chunk* open_ = nullptr;  // takes further small writes
};

}  // namespace gpu_host::cuda
