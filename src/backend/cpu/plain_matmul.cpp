// In tiles that stay in the second-level cache, summed in double: products of
// f32 are exact there, so the error is that of rounding the result once.
#include "backend/cpu/plain_matmul.hpp"

#include <algorithm>
#include <vector>

namespace gpu_host::cpu {
namespace {

constexpr std::size_t kTileRows = 64;
constexpr std::size_t kTileColumns = 128;
constexpr std::size_t kTileDepth = 64;

// A matrix as it is used: transposed means that the strides have changed places.
struct View {
  const float* values;
  std::size_t row_stride;
  std::size_t column_stride;
  [[nodiscard]] double at(std::size_t row, std::size_t column) const {
    return values[row * row_stride + column * column_stride];
  }
};

View view(std::span<const float> values, std::size_t rows, std::size_t columns, bool transposed) {
  return transposed ? View{values.data(), 1, rows} : View{values.data(), columns, 1};
}

struct Range {
  std::size_t begin;
  std::size_t size;
};

Range range(std::size_t begin, std::size_t end, std::size_t tile) { return {begin, std::min(tile, end - begin)}; }

void pack(const View& b, Range depth, Range columns, double* tile) {
  for (std::size_t p = 0; p < depth.size; ++p) {
    for (std::size_t j = 0; j < columns.size; ++j) {
      tile[p * kTileColumns + j] = b.at(depth.begin + p, columns.begin + j);
    }
  }
}

// sums[j] += a(row, depth) * tile(depth, j), four depths at a time so that the
// sums are loaded and stored once for four products.
void add_row(const View& a, std::size_t row, Range depth, const double* tile, std::size_t columns, double* sums) {
  std::size_t p = 0;
  for (; p + 4 <= depth.size; p += 4) {
    const std::size_t at = depth.begin + p;
    const double a0 = a.at(row, at);
    const double a1 = a.at(row, at + 1);
    const double a2 = a.at(row, at + 2);
    const double a3 = a.at(row, at + 3);
    const double* b0 = tile + p * kTileColumns;
    const double* b1 = b0 + kTileColumns;
    const double* b2 = b1 + kTileColumns;
    const double* b3 = b2 + kTileColumns;
    for (std::size_t j = 0; j < columns; ++j) sums[j] += (a0 * b0[j] + a1 * b1[j]) + (a2 * b2[j] + a3 * b3[j]);
  }
  for (; p < depth.size; ++p) {
    const double a0 = a.at(row, depth.begin + p);
    for (std::size_t j = 0; j < columns; ++j) sums[j] += a0 * tile[p * kTileColumns + j];
  }
}

void store(const MatmulParams& params, const double* sums, std::span<float> c_row) {
  const double alpha = params.alpha;
  const double beta = params.beta;
  for (std::size_t j = 0; j < c_row.size(); ++j) {
    // With beta = 0 whatever lies in c, NaN too, must not matter.
    const double kept = params.beta == 0 ? 0 : beta * c_row[j];
    c_row[j] = static_cast<float>(alpha * sums[j] + kept);
  }
}

// One tile of c; incomplete when the poll says stop.
void multiply_tile(Poll poll, const MatmulParams& params, const View& a, const View& b, Range rows, Range columns,
                   std::span<float> c) {
  std::vector<double> tile(kTileDepth * kTileColumns);
  std::vector<double> sums(kTileRows * kTileColumns);
  for (std::size_t p = 0; p < params.k; p += kTileDepth) {
    const Range depth = range(p, params.k, kTileDepth);
    pack(b, depth, columns, tile.data());
    for (std::size_t i = 0; i < rows.size; ++i) {
      if (poll.stop(depth.size * columns.size)) return;
      add_row(a, rows.begin + i, depth, tile.data(), columns.size, &sums[i * kTileColumns]);
    }
  }
  for (std::size_t i = 0; i < rows.size; ++i) {
    const auto c_row = c.subspan((rows.begin + i) * params.n + columns.begin, columns.size);
    store(params, &sums[i * kTileColumns], c_row);
  }
}

}  // namespace

GpuResult<void> plain_matmul(Workers& workers, const MatmulParams& params, std::span<const float> a_values,
                             std::span<const float> b_values, std::span<float> c) {
  const View a = view(a_values, params.m, params.k, params.trans_a);
  const View b = view(b_values, params.k, params.n, params.trans_b);
  const std::size_t tiles_across = (params.n + kTileColumns - 1) / kTileColumns;
  const std::size_t tiles_down = (params.m + kTileRows - 1) / kTileRows;
  const bool done = workers.for_blocks(tiles_across * tiles_down, 1, [&](std::size_t tile, std::size_t) {
    const Range rows = range(tile / tiles_across * kTileRows, params.m, kTileRows);
    const Range columns = range(tile % tiles_across * kTileColumns, params.n, kTileColumns);
    multiply_tile(workers.poll(), params, a, b, rows, columns, c);
  });
  if (!done) return interrupted();
  return {};
}

}  // namespace gpu_host::cpu
