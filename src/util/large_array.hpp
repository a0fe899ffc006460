// An array that is not initialised. Where it is large it comes from the system and goes back to it at once; where it is
// very large, in huge pages: to touch it first costs less.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace gpu_host {

template <class T>
class LargeArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  LargeArray() = default;
  // Throws std::bad_alloc.
  explicit LargeArray(std::size_t n) {
    if (n > (SIZE_MAX - kHugePage) / sizeof(T)) throw std::bad_alloc();
    const std::size_t bytes = n * sizeof(T);
    void* const data = is_mapped(bytes) ? map(bytes) : std::malloc(bytes == 0 ? 1 : bytes);
    if (data == nullptr) throw std::bad_alloc();
    data_ = {static_cast<T*>(data), Free{bytes}};
  }

  [[nodiscard]] T* get() const { return data_.get(); }
  [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return data_[i]; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  static constexpr std::size_t kHugePage = std::size_t{1} << 21U;
  static constexpr std::size_t kMapped = std::size_t{1} << 15U;

  // Sanitizers watch what malloc gives.
  static constexpr bool is_mapped(std::size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
    return false;
#elif defined(__has_feature)
    return !__has_feature(address_sanitizer) && bytes >= kMapped;
#else
    return bytes >= kMapped;
#endif
  }

  struct Free {
    void operator()(T* data) const {
      if (is_mapped(bytes)) {
        (void)munmap(data, bytes);
      } else {
        std::free(data);
      }
    }
    std::size_t bytes = 0;
  };

  static void* map(std::size_t bytes) {
    void* const data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) return nullptr;
    if (bytes >= 2 * kHugePage) (void)madvise(data, bytes, MADV_HUGEPAGE);  // or ordinary ones
    return data;
  }

  std::unique_ptr<T[], Free> data_;
};

}  // namespace gpu_host
