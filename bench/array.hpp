// Arrays that both sides of a comparison work on. Copies share the elements.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <span>

namespace gpu_host::bench {

template <class T>
class Array {
 public:
  // Zeros; their pages are there.
  explicit Array(std::size_t size) : size_(size) {
    const std::size_t bytes = (size * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    void* const block = std::aligned_alloc(kAlignment, bytes);
    if (block == nullptr) throw std::bad_alloc();
    elements_ = {static_cast<T*>(block), &std::free};
    std::uninitialized_fill_n(elements_.get(), size, T{});
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T* data() const { return elements_.get(); }
  [[nodiscard]] T& operator[](std::size_t index) const { return elements_.get()[index]; }
  [[nodiscard]] T* begin() const { return data(); }
  [[nodiscard]] T* end() const { return data() + size_; }
  [[nodiscard]] std::span<std::byte> bytes() const { return std::as_writable_bytes(std::span(data(), size_)); }
  [[nodiscard]] std::shared_ptr<const void> owner() const { return elements_; }

 private:
  static constexpr std::size_t kAlignment = 4096;
  std::shared_ptr<T> elements_;
  std::size_t size_;
};

// The same numbers in each run.
[[nodiscard]] inline Array<float> random_floats(std::size_t size, float low, float high) {
  Array<float> array(size);
  std::mt19937 random(42);
  std::uniform_real_distribution<float> number(low, high);
  for (float& value : array) value = number(random);
  return array;
}

}  // namespace gpu_host::bench
