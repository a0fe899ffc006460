// Numbers of any type and layout in buffers of this backend, read without a converted copy of them all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "backend/forest_engine.hpp"
#include "util/large_array.hpp"

namespace gpu_host::cpu {

// The columns of a table, numbered through over its blocks.
class Columns {
 public:
  explicit Columns(const std::vector<ForestColumns>& blocks);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(columns_.size()); }
  // Values of rows [begin, end) as f32. Any thread.
  void read(std::uint32_t column, std::size_t begin, std::size_t end, float* to) const;
  // The same, as they are; integers beyond 2^53 are rounded.
  [[nodiscard]] double exact(std::uint32_t column, std::size_t row) const;

 private:
  struct Column {
    const std::byte* first;
    std::int64_t stride;
    ElementType element;
  };
  std::vector<Column> columns_;
};

[[nodiscard]] LargeVector<double> read_numbers(const ForestNumbers& from, std::uint32_t n_rows);

}  // namespace gpu_host::cpu
