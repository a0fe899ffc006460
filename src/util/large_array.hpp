// Memory of arrays that may be large: then it comes from the system and goes back to it at once, where malloc would
// keep it; and where it is very large, in huge pages: to touch it first costs less.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace gpu_host {

class LargeMemory {
 public:
  // Not initialised. Throws std::bad_alloc.
  [[nodiscard]] static void* allocate(std::size_t bytes) {
    void* const data = is_mapped(bytes) ? map(bytes) : std::malloc(bytes == 0 ? 1 : bytes);
    if (data == nullptr) throw std::bad_alloc();
    return data;
  }
  static void free(void* data, std::size_t bytes) {
    if (is_mapped(bytes)) {
      (void)munmap(data, bytes);
    } else {
      std::free(data);
    }
  }

 private:
  static bool is_mapped(std::size_t bytes) { return !kIsWatched && bytes >= kMapped; }

  static void* map(std::size_t bytes) {
    void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return nullptr;
    if (bytes >= kHuge) (void)madvise(data, bytes, MADV_HUGEPAGE);  // or ordinary ones
    return data;
  }

  // AddressSanitizer watches what malloc gives.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool kIsWatched = true;
#elif defined(__has_feature)
  static constexpr bool kIsWatched = __has_feature(address_sanitizer);
#else
  static constexpr bool kIsWatched = false;
#endif
  static constexpr std::size_t kMapped = std::size_t{1} << 14U;
  static constexpr std::size_t kHuge = std::size_t{1} << 22U;
};

// Not initialised.
template <class T>
class LargeArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  LargeArray() = default;
  // Throws std::bad_alloc.
  explicit LargeArray(std::size_t n) {
    if (n > std::numeric_limits<std::size_t>::max() / 2 / sizeof(T)) throw std::bad_alloc();
    data_ = {static_cast<T*>(LargeMemory::allocate(n * sizeof(T))), Free{n * sizeof(T)}};
  }

  [[nodiscard]] T* get() const { return data_.get(); }
  [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return data_[i]; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  struct Free {
    void operator()(T* data) const { LargeMemory::free(data, bytes); }
    std::size_t bytes = 0;
  };
  std::unique_ptr<T[], Free> data_;
};

template <class T>
struct LargeAllocator {
  using value_type = T;  // NOLINT(readability-identifier-naming): the standard's

  LargeAllocator() = default;
  template <class U>
  explicit LargeAllocator(const LargeAllocator<U>& /*other*/) {}

  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(LargeMemory::allocate(n * sizeof(T))); }
  void deallocate(T* data, std::size_t n) { LargeMemory::free(data, n * sizeof(T)); }
  bool operator==(const LargeAllocator& /*other*/) const { return true; }
};

template <class T>
using LargeVector = std::vector<T, LargeAllocator<T>>;

}  // namespace gpu_host
