// An array that is not initialised; where it is large, in huge pages of the system: to touch it first costs less.
#pragma once

#include <sys/mman.h>

#include <cstddef>
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
    constexpr std::size_t kHugePage = std::size_t{1} << 21U;
    if (n > (SIZE_MAX - kHugePage) / sizeof(T)) throw std::bad_alloc();
    const std::size_t bytes = n * sizeof(T);
    if (bytes < 2 * kHugePage) {
      data_.reset(static_cast<T*>(std::malloc(bytes == 0 ? 1 : bytes)));
    } else {
      const std::size_t padded = (bytes + kHugePage - 1) / kHugePage * kHugePage;
      data_.reset(static_cast<T*>(std::aligned_alloc(kHugePage, padded)));
      if (data_ != nullptr) (void)madvise(data_.get(), padded, MADV_HUGEPAGE);  // or ordinary ones
    }
    if (data_ == nullptr) throw std::bad_alloc();
  }

  [[nodiscard]] T* get() const { return data_.get(); }
  [[nodiscard]] T& operator[](std::size_t i) { return data_[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return data_[i]; }
  explicit operator bool() const { return data_ != nullptr; }

 private:
  struct Free {
    void operator()(T* data) const { std::free(data); }
  };
  std::unique_ptr<T[], Free> data_;
};

}  // namespace gpu_host
