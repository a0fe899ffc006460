// Tiles of C on our own threads, each by a single-threaded call of OpenBLAS. Why
// not its threads: docs/adr/0006.
#include <algorithm>
#include <climits>
#include <cmath>

#include "backend/cpu/kernels.hpp"
#include "backend/cpu/openblas.hpp"
#include "backend/cpu/plain_matmul.hpp"

namespace gpu_host::cpu {
namespace {

// A tile's part of k per call: with kMostWork it bounds the time between two looks at the interrupt.
constexpr std::size_t kDepth = 1024;
// Multiplications and additions per tile and depth: below the least a thread is not worth waking, and the most takes
// 50 ms at 10 GFLOP/s.
constexpr std::size_t kLeastWork = std::size_t{1} << 22U;
constexpr std::size_t kMostWork = std::size_t{1} << 28U;
constexpr std::size_t kLeastArea = std::size_t{64} * 64;
// A tile per core of most machines; more tiles pack their inputs more often.
constexpr std::size_t kTiles = 16;

std::size_t round_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

struct Tile {
  std::size_t rows;
  std::size_t columns;
};

// As square as the matrix allows, by its shape alone.
Tile tile_of(std::size_t m, std::size_t n, std::size_t k) {
  constexpr std::size_t kUnit = 64;
  const std::size_t least = std::max(kLeastArea, kLeastWork / k);
  const std::size_t area = std::clamp(m * n / kTiles, least, kMostWork / std::min(k, kDepth));
  const auto side = static_cast<std::size_t>(std::sqrt(static_cast<double>(area)));
  const std::size_t columns = std::min(n, round_up(side, kUnit));
  const std::size_t rows = std::min(m, round_up(area / columns, kUnit));
  return {rows, std::min(n, round_up(area / rows, kUnit))};
}

}  // namespace

GpuResult<void> matmul(Workers& workers, const MatmulParams& params, std::span<const float> a, std::span<const float> b,
                       std::span<float> c) {
  const std::size_t m = params.m;
  const std::size_t k = params.k;
  const std::size_t n = params.n;
  const std::size_t lda = params.trans_a ? m : k;
  const std::size_t ldb = params.trans_b ? k : n;
  // BLAS does not look at a and b where alpha is 0, but 0 * NaN is NaN. It counts in int.
  const bool suits_blas = params.alpha != 0 && k != 0 && m != 0 && n != 0 && std::max({m, k, n}) <= INT_MAX;
  const Sgemm sgemm = suits_blas ? openblas_sgemm() : nullptr;
  if (sgemm == nullptr) return plain_matmul(workers, params, a, b, c);

  const Tile tile = tile_of(m, n, k);
  const std::size_t tiles_across = (n - 1) / tile.columns + 1;
  const std::size_t tiles_down = (m - 1) / tile.rows + 1;
  const bool done = workers.for_blocks(tiles_across * tiles_down, 1, [&](std::size_t index, std::size_t) {
    const std::size_t row = index / tiles_across * tile.rows;
    const std::size_t column = index % tiles_across * tile.columns;
    const auto rows = static_cast<int>(std::min(tile.rows, m - row));
    const auto columns = static_cast<int>(std::min(tile.columns, n - column));
    const SgemmBuffer buffer;
    for (std::size_t p = 0; p < k; p += kDepth) {
      if (workers.stop()) return;
      const float* const a_tile = a.data() + (params.trans_a ? p * lda + row : row * lda + p);
      const float* const b_tile = b.data() + (params.trans_b ? column * ldb + p : p * ldb + column);
      sgemm(kRowMajor, params.trans_a ? kTrans : kNoTrans, params.trans_b ? kTrans : kNoTrans, rows, columns,
            static_cast<int>(std::min(kDepth, k - p)), params.alpha, a_tile, static_cast<int>(lda), b_tile,
            static_cast<int>(ldb), p == 0 ? params.beta : 1, c.data() + row * n + column, static_cast<int>(n));
    }
  });
  if (!done) return interrupted();
  return {};
}

}  // namespace gpu_host::cpu
