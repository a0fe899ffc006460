// Device memory that is used again: making a buffer costs more than clearing one.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "backend/webgpu/wgpu_handles.hpp"

namespace gpu_host::webgpu {

struct DeviceMemory {
  OwnedBuffer buffer;
  std::uint64_t capacity = 0;  // bytes, a multiple of 16
  bool used = false;           // it may hold what somebody wrote; else it reads as zeros
};

// Bytes that a buffer of `size` gets: sizes that are close share a capacity.
[[nodiscard]] std::uint64_t capacity_for(std::uint64_t size);

// Memory that no queued work uses, for whoever needs that capacity next. Safe for use by
// many threads at a time.
class BufferPool {
 public:
  // Keeps at most so many bytes.
  explicit BufferPool(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  [[nodiscard]] std::optional<DeviceMemory> take(std::uint64_t capacity);
  // Frees the oldest where there is more than it may keep.
  void give(DeviceMemory memory);
  void clear();

 private:
  std::mutex mutex_;
  std::uint64_t max_bytes_;
  std::uint64_t bytes_ = 0;
  std::vector<DeviceMemory> memory_;  // oldest first
};

}  // namespace gpu_host::webgpu
