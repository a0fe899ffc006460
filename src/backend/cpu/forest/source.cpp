#include "backend/cpu/forest/source.hpp"

#include <cstring>
#include <utility>

#include "backend/cpu/cpu_buffer.hpp"

namespace gpu_host::cpu {
namespace {

const std::byte* bytes_of(const Buffer* buffer) { return static_cast<const CpuBuffer*>(buffer)->bytes(); }

template <class Element>
Element load(const std::byte* from) {
  Element value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

template <class Element, class To>
void read_elements(const std::byte* from, std::int64_t stride, std::size_t n, To* to) {
  if (stride == sizeof(Element)) {  // a loop that is made of vectors
    for (std::size_t i = 0; i < n; ++i) to[i] = static_cast<To>(load<Element>(from + i * sizeof(Element)));
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    to[i] = static_cast<To>(load<Element>(from + static_cast<std::int64_t>(i) * stride));
  }
}

template <class To>
void read_elements(ElementType element, const std::byte* from, std::int64_t stride, std::size_t n, To* to) {
  switch (element) {
    case ElementType::float16:
      return read_elements<_Float16>(from, stride, n, to);
    case ElementType::float32:
      return read_elements<float>(from, stride, n, to);
    case ElementType::float64:
      return read_elements<double>(from, stride, n, to);
    case ElementType::int8:
      return read_elements<std::int8_t>(from, stride, n, to);
    case ElementType::uint8:
      return read_elements<std::uint8_t>(from, stride, n, to);
    case ElementType::int16:
      return read_elements<std::int16_t>(from, stride, n, to);
    case ElementType::uint16:
      return read_elements<std::uint16_t>(from, stride, n, to);
    case ElementType::int32:
      return read_elements<std::int32_t>(from, stride, n, to);
    case ElementType::uint32:
      return read_elements<std::uint32_t>(from, stride, n, to);
    case ElementType::int64:
      return read_elements<std::int64_t>(from, stride, n, to);
    case ElementType::uint64:
      return read_elements<std::uint64_t>(from, stride, n, to);
  }
  std::unreachable();
}

}  // namespace

Columns::Columns(const std::vector<ForestColumns>& blocks) {
  for (const ForestColumns& block : blocks) {
    const std::byte* const first = bytes_of(block.buffer) + block.offset;
    for (std::int64_t column = 0; column < block.n_columns; ++column) {
      columns_.push_back({first + column * block.column_stride, block.row_stride, block.element});
    }
  }
}

void Columns::read(std::uint32_t column, std::size_t begin, std::size_t end, float* to) const {
  const Column& from = columns_[column];
  read_elements(from.element, from.first + static_cast<std::int64_t>(begin) * from.stride, from.stride, end - begin,
                to);
}

double Columns::exact(std::uint32_t column, std::size_t row) const {
  const Column& from = columns_[column];
  double value = 0;
  read_elements(from.element, from.first + static_cast<std::int64_t>(row) * from.stride, from.stride, 1, &value);
  return value;
}

LargeVector<double> read_numbers(const ForestNumbers& from, std::uint32_t n_rows) {
  LargeVector<double> numbers(n_rows);
  read_elements(from.element, bytes_of(from.buffer) + from.offset, from.stride, n_rows, numbers.data());
  return numbers;
}

}  // namespace gpu_host::cpu
