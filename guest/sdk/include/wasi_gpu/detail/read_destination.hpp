// How a read reaches the caller's memory without a second copy. The host asks
// the guest for room (cabi_realloc) before it returns a list; while a read is
// under way, the first request of exactly the right size is given the caller's
// own memory. That request may also be for an error's text of the same length
// by chance: so whoever takes over a block asks `release` to free it, which
// knows the one block that is not the allocator's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

namespace wasi_gpu::detail {

class ReadDestination {
 public:
  void arm(std::span<std::byte> memory) {
    memory_ = memory;
    taken_ = false;
    armed_ = !memory.empty();
  }
  void disarm() { *this = ReadDestination(); }

  // The memory where it fits the request and was not taken yet, else null.
  [[nodiscard]] void* take(std::size_t align, std::size_t size) {
    if (!armed_ || taken_ || size != memory_.size()) return nullptr;
    if (reinterpret_cast<std::uintptr_t>(memory_.data()) % align != 0) return nullptr;
    taken_ = true;
    return memory_.data();
  }
  [[nodiscard]] bool owns(const void* block) const { return taken_ && block == memory_.data(); }

 private:
  std::span<std::byte> memory_;
  bool armed_ = false;
  bool taken_ = false;
};

// Frees a block that reallocate gave out and that held `size` bytes.
inline void release(const ReadDestination& destination, void* block, std::size_t size) {
  if (size != 0 && !destination.owns(block)) std::free(block);
}

// The canonical ABI's realloc. Null where memory is exhausted.
[[nodiscard]] inline void* reallocate(ReadDestination& destination, void* old, std::size_t old_size, std::size_t align,
                                      std::size_t new_size) {
  if (old_size != 0 && new_size <= old_size) return old;
  if (new_size == 0) return reinterpret_cast<void*>(align);  // any aligned pointer: never followed
  void* block = destination.take(align, new_size);
  if (block == nullptr) {
    block = align <= alignof(std::max_align_t) ? std::malloc(new_size) : std::aligned_alloc(align, new_size);
  }
  if (block != nullptr && old_size != 0) {
    std::memcpy(block, old, old_size);
    release(destination, old, old_size);
  }
  return block;
}

inline ReadDestination read_destination;  // the one that cabi_realloc serves

}  // namespace wasi_gpu::detail
