#include "array.hpp"

#include <bit>
#include <string>
#include <string_view>
#include <utility>

#include "failure.hpp"

namespace gpu_host_python {
namespace {

constexpr std::uint32_t kNone = ~0U;

// Of one element in the format of Python's module struct.
std::uint32_t element_of(std::string_view format, std::size_t size) {
  static_assert(std::endian::native == std::endian::little);
  if (!format.empty() && std::string_view("@=<|").find(format.front()) != std::string_view::npos) {
    format.remove_prefix(1);
  } else if (!format.empty() && (format.front() == '>' || format.front() == '!')) {
    if (size != 1) return kNone;
    format.remove_prefix(1);
  }
  if (format.size() != 1) return kNone;
  const auto by_size = [size](std::uint32_t of_1, std::uint32_t step) {
    return std::has_single_bit(size) && size <= 8 ? of_1 + step * static_cast<std::uint32_t>(std::countr_zero(size))
                                                  : kNone;
  };
  switch (format.front()) {
    case 'e':
      return 0;
    case 'f':
      return kFloat32;
    case 'd':
      return kFloat64;
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n':
      return by_size(3, 2);
    case '?':
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
      return by_size(4, 2);
    default:
      return kNone;
  }
}

}  // namespace

Array::Array(nb::handle object, const char* name, Access access) {
  const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (access == Access::write ? PyBUF_WRITABLE : 0);
  if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) throw nb::python_error();
  element_ = element_of(view_.format == nullptr ? "B" : view_.format, item_size());
  if (element_ == kNone) {
    const std::string format = view_.format;
    PyBuffer_Release(&view_);
    throw Failure(FailureKind::type,
                  std::string(name) + ": elements of the format '" + format + "' are no numbers of this machine");
  }
}

Array::Array(Array&& other) noexcept : view_(std::exchange(other.view_, {})), element_(other.element_) {}

Array& Array::operator=(Array&& other) noexcept {
  std::swap(view_, other.view_);
  std::swap(element_, other.element_);
  return *this;
}

Array::~Array() {
  if (view_.obj != nullptr) PyBuffer_Release(&view_);
}

std::size_t Array::shape(std::size_t dimension) const { return static_cast<std::size_t>(view_.shape[dimension]); }

std::int64_t Array::stride(std::size_t dimension) const { return view_.strides[dimension]; }

bool Array::is_contiguous() const {
  std::int64_t stride = view_.itemsize;
  for (std::size_t i = n_dimensions(); i-- > 0;) {
    if (shape(i) != 1 && view_.strides[i] != stride) return false;
    stride *= view_.shape[i];
  }
  return true;
}

std::size_t Array::n_elements() const { return static_cast<std::size_t>(view_.len / view_.itemsize); }

std::span<std::byte> Array::extent() const {
  std::byte* first = data();
  std::byte* last = data();
  if (view_.len == 0) return {first, 0};
  for (std::size_t i = 0; i < n_dimensions(); ++i) {
    const std::int64_t reach = stride(i) * (view_.shape[i] - 1);
    (reach < 0 ? first : last) += reach;
  }
  return {first, last + view_.itemsize};
}

}  // namespace gpu_host_python
