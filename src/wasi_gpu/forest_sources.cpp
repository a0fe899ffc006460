#include "wasi_gpu/forest_sources.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace gpu_host::wasi_gpu {
namespace {

// A dimension of a source: so many elements, so many bytes apart.
struct Extent {
  std::uint32_t n;
  std::int64_t stride;
};

// Whether all elements lie inside `size` bytes; where there are none, whether they would begin there.
bool is_inside(std::uint64_t size, std::uint64_t offset, std::uint64_t element, Extent rows, Extent columns) {
  if (rows.n == 0) return offset <= size;
  __extension__ using Wide = __int128;
  Wide first = offset;
  Wide last = offset;
  for (const Extent extent : {rows, columns}) {
    const Wide reach = Wide{extent.stride} * (Wide{extent.n} - 1);
    (reach < 0 ? first : last) += reach;
  }
  return first >= 0 && last + Wide{element} <= Wide{size};
}

// `name` makes the text.
template <class Source, class Name>
void require_inside(Arguments& arguments, const Source& source, const Buffer* buffer, const Name& name, Extent rows,
                    Extent columns) {
  if (buffer == nullptr) return;
  arguments.require(is_inside(buffer->size(), source.offset, size_of(source.element), rows, columns), [&] {
    return fmt::format(
        "{}: {} rows of {} columns, {} and {} bytes apart, at offset {} exceed the {} bytes of buffer {}", name(),
        rows.n, columns.n, rows.stride, columns.stride, source.offset, buffer->size(), source.buffer);
  });
}

}  // namespace

std::uint64_t count_columns(const std::vector<Columns>& blocks) {
  std::uint64_t n = 0;
  for (const Columns& block : blocks) n += block.n_columns;
  return n;
}

std::vector<ForestColumns> features(Arguments& arguments, Session& session, const std::vector<Columns>& blocks,
                                    std::uint32_t n_rows) {
  std::vector<ForestColumns> checked;
  if (!arguments) return checked;
  checked.reserve(std::min<std::size_t>(blocks.size(), kMostFeatures));
  for (std::size_t i = 0; i < blocks.size() && arguments; ++i) {
    const Columns& from = blocks[i];
    // Made where it is needed: to predict one row takes less time than that.
    const auto name = [i] { return fmt::format("features[{}]", i); };
    const Buffer* buffer = session.buffers().live(from.buffer);
    if (buffer == nullptr) buffer = arguments.buffer(from.buffer, name());
    arguments.require(from.n_columns > 0, [&] { return name() + ": n-columns must not be 0"; });
    require_inside(arguments, from, buffer, name, {n_rows, from.row_stride}, {from.n_columns, from.column_stride});
    checked.push_back({buffer, from.element, from.offset, from.row_stride, from.column_stride, from.n_columns});
  }
  return checked;
}

ForestNumbers numbers(Arguments& arguments, const Numbers& from, std::string_view name, std::uint32_t n_rows) {
  const Buffer* const buffer = arguments.buffer(from.buffer, name);
  require_inside(arguments, from, buffer, [&] { return name; }, {n_rows, from.stride}, {1, 0});
  return {buffer, from.element, from.offset, from.stride};
}

std::optional<ForestNumbers> numbers(Arguments& arguments, const std::optional<Numbers>& from, std::string_view name,
                                     std::uint32_t n_rows) {
  if (!from) return std::nullopt;
  return numbers(arguments, *from, name, n_rows);
}

}  // namespace gpu_host::wasi_gpu
