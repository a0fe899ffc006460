// Arrays of Python as memory, by the buffer protocol: what they hold is neither copied nor converted.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace gpu_host_python {

namespace nb = nanobind;

// The numbers of wit/0.2.0/forest.wit's element-type.
inline constexpr std::uint32_t kFloat32 = 1;
inline constexpr std::uint32_t kFloat64 = 2;
inline constexpr std::uint32_t kUint32 = 8;
inline constexpr std::uint32_t kUint64 = 10;

enum class Access { read, write };

// For the time of a call. To be made and destroyed with the GIL held.
class Array {
 public:
  // TypeError where the object has no buffer, or one of another type than numbers; `name` is what errors call it.
  Array(nb::handle object, const char* name, Access access);
  Array(Array&& other) noexcept;
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;
  Array& operator=(Array&& other) noexcept;
  ~Array();

  [[nodiscard]] std::uint32_t element() const { return element_; }
  [[nodiscard]] std::size_t item_size() const { return static_cast<std::size_t>(view_.itemsize); }
  [[nodiscard]] std::size_t n_dimensions() const { return static_cast<std::size_t>(view_.ndim); }
  [[nodiscard]] std::size_t shape(std::size_t dimension) const;
  [[nodiscard]] std::int64_t stride(std::size_t dimension) const;  // bytes
  [[nodiscard]] bool is_contiguous() const;                        // in C order
  [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(view_.buf); }
  [[nodiscard]] std::size_t n_elements() const;
  // All of its memory, from its lowest address to its highest.
  [[nodiscard]] std::span<std::byte> extent() const;

 private:
  Py_buffer view_{};
  std::uint32_t element_ = 0;
};

}  // namespace gpu_host_python
