#include "backend/webgpu/buffer_pool.hpp"

#include <algorithm>
#include <bit>

namespace gpu_host::webgpu {

std::uint64_t capacity_for(std::uint64_t size) {
  constexpr std::uint64_t kSmallest = 256;
  if (size <= kSmallest) return kSmallest;
  // Four steps from one power of two to the next, so at most a fifth is wasted.
  const std::uint64_t step = std::max<std::uint64_t>(std::bit_floor(size - 1) / 4, 16);
  return (size + step - 1) / step * step;
}

std::optional<DeviceMemory> BufferPool::take(std::uint64_t capacity) {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(memory_, capacity, &DeviceMemory::capacity);
  if (found == memory_.end()) return std::nullopt;
  DeviceMemory taken = std::move(*found);
  memory_.erase(found);
  bytes_ -= taken.capacity;
  return taken;
}

void BufferPool::give(DeviceMemory memory) {
  const std::scoped_lock lock(mutex_);
  bytes_ += memory.capacity;
  memory_.push_back(std::move(memory));
  auto kept = memory_.begin();
  for (; bytes_ > max_bytes_; ++kept) bytes_ -= kept->capacity;
  memory_.erase(memory_.begin(), kept);
}

void BufferPool::clear() {
  const std::scoped_lock lock(mutex_);
  memory_.clear();
  bytes_ = 0;
}

}  // namespace gpu_host::webgpu
