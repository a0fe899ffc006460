// By cuBLAS, for which a row-major matrix is the transposed one: C' = op(B)' op(A)'. A product that exceeds a launch,
// or the int in which cuBLAS counts, also where it should not, is halved until its parts do not.
#include <algorithm>
#include <climits>
#include <utility>

#include "backend/cuda/blas.hpp"
#include "backend/cuda/kernels.hpp"
#include "backend/cuda/library_failure.hpp"

namespace gpu_host::cuda {
namespace {

constexpr std::uint64_t kMostSize = std::uint64_t{1} << 30U;
// Multiplications and additions in the time of an elementary step.
constexpr std::uint64_t kPerStep = 64;
// Halves are whole tiles, and aligned for the tensor cores, as long as there are some.
constexpr std::uint64_t kTile = 128;

struct Range {
  std::uint64_t begin;
  std::uint64_t size;
};

// The part of the product that has these rows and columns of C and this part of k.
struct Part {
  Range m;
  Range n;
  Range k;
  float beta;
};

// Which dimension of a part a matrix has as its rows and columns in memory.
struct Matrix {
  CUdeviceptr begin;
  Range Part::* rows;
  Range Part::* columns;
  std::uint64_t stride;

  [[nodiscard]] CUdeviceptr first(const Part& part) const {
    return begin + ((part.*rows).begin * stride + (part.*columns).begin) * sizeof(float);
  }
  // Of parts with several rows it is an int.
  [[nodiscard]] int leading_dimension() const { return static_cast<int>(std::min<std::uint64_t>(stride, INT_MAX)); }
  [[nodiscard]] bool exceeds(std::uint64_t extent, const Part& part) const {
    const std::uint64_t n_rows = (part.*rows).size;
    return n_rows > 1 && (n_rows - 1) * stride + (part.*columns).size > extent;
  }
};

GpuResult<void> run(Queue& queue, const Blas::Gemm& gemm, std::uint64_t work) {
  const auto blas = queue.blas();
  if (!blas) return std::unexpected(blas.error());
  if (auto room = queue.make_room(work); !room) return room;
  if (auto done = (*blas)->gemm(gemm); !done) return library_failure(queue, std::move(done.error()));
  return {};
}

class Product {
 public:
  Product(Queue& queue, const MatmulParams& params, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c)
      : queue_(queue),
        alpha_(params.alpha),
        whole_{.m = {0, params.m}, .n = {0, params.n}, .k = {0, params.k}, .beta = params.beta},
        a_(params.trans_a ? Matrix{a, &Part::k, &Part::m, params.m} : Matrix{a, &Part::m, &Part::k, params.k}),
        b_(params.trans_b ? Matrix{b, &Part::n, &Part::k, params.k} : Matrix{b, &Part::k, &Part::n, params.n}),
        c_{c, &Part::m, &Part::n, params.n} {}

  GpuResult<void> multiply() { return multiply(whole_); }

 private:
  GpuResult<void> multiply(const Part& part) {
    Range Part::* const too_large = dimension_to_halve(part);
    if (too_large == nullptr) return launch(part);
    Part first = part;
    Part second = part;
    const std::uint64_t size = (part.*too_large).size;
    const std::uint64_t half = size > kTile ? (size / 2 + kTile - 1) / kTile * kTile : size / 2;
    (first.*too_large).size = half;
    (second.*too_large).begin += half;
    (second.*too_large).size -= half;
    if (too_large == &Part::k) second.beta = 1;
    if (auto done = multiply(first); !done) return done;
    return multiply(second);
  }

  static std::uint64_t work(const Part& part) {
    return part.m.size * part.n.size * ((part.k.size + kPerStep - 1) / kPerStep);
  }

  // Null where the part fits one call.
  [[nodiscard]] Range Part::* dimension_to_halve(const Part& part) const {
    // C first: fewer of its rows are fewer of A's.
    for (const Matrix* const matrix : {&c_, &a_, &b_}) {
      if (matrix->exceeds(queue_.gpu().limits().max_extent, part)) return matrix->rows;
    }
    Range Part::* const larger = part.m.size >= part.n.size ? &Part::m : &Part::n;
    if ((part.*larger).size > kMostSize) return larger;
    if (part.k.size > kMostSize) return &Part::k;
    if (work(part) <= queue_.max_work()) return nullptr;
    // k last: its parts read and write C once more.
    if ((part.*larger).size <= kTile && part.k.size > kPerStep) return &Part::k;
    return (part.*larger).size > 1 ? larger : nullptr;
  }

  GpuResult<void> launch(const Part& part) {
    const Blas::Gemm gemm{.trans_a = b_.rows == &Part::n,
                          .trans_b = a_.rows == &Part::k,
                          .m = static_cast<int>(part.n.size),
                          .n = static_cast<int>(part.m.size),
                          .k = static_cast<int>(part.k.size),
                          .alpha = alpha_,
                          .beta = part.beta,
                          .a = b_.first(part),
                          .b = a_.first(part),
                          .c = c_.first(part),
                          .lda = b_.leading_dimension(),
                          .ldb = a_.leading_dimension(),
                          .ldc = c_.leading_dimension(),
                          .tf32 = queue_.options().precision == MatmulPrecision::tf32};
    return run(queue_, gemm, work(part));
  }

  Queue& queue_;
  float alpha_;
  Part whole_;
  Matrix a_;
  Matrix b_;
  Matrix c_;
};

// c = 0 * product + beta * c, of so many elements: as products of columns with a zero.
GpuResult<void> add_nothing(Queue& queue, CUdeviceptr product, float beta, CUdeviceptr c, std::uint64_t elements) {
  const auto zero = queue.allocate(sizeof(float));
  if (!zero) return std::unexpected(zero.error());
  if (auto cleared = queue.clear(zero->address(), sizeof(float)); !cleared) return cleared;
  const std::uint64_t most = std::min(queue.max_work(), kMostSize);
  for (std::uint64_t begin = 0; begin < elements; begin += most) {
    const auto size = static_cast<int>(std::min(most, elements - begin));
    const Blas::Gemm gemm{.trans_a = false,
                          .trans_b = false,
                          .m = size,
                          .n = 1,
                          .k = 1,
                          .alpha = 1,
                          .beta = beta,
                          .a = product + begin * sizeof(float),
                          .b = zero->address(),
                          .c = c + begin * sizeof(float),
                          .lda = size,
                          .ldb = 1,
                          .ldc = size,
                          .tf32 = false};
    if (auto done = run(queue, gemm, static_cast<std::uint64_t>(size)); !done) return done;
  }
  return {};
}

}  // namespace

GpuResult<void> matmul(Queue& queue, const MatmulParams& params, const CudaBuffer& a, const CudaBuffer& b,
                       const CudaBuffer& c) {
  const std::uint64_t elements = std::uint64_t{params.m} * params.n;
  if (elements == 0) return {};
  if (params.alpha != 0 && params.k != 0) {
    return Product(queue, params, a.address(), b.address(), c.address()).multiply();
  }
  // BLAS does not look at a and b where alpha is 0, but 0 * NaN is NaN.
  const std::uint64_t size = elements * sizeof(float);
  if (params.k == 0 && params.beta == 0) return queue.clear(c.address(), size);
  const auto product = queue.allocate(size);
  if (!product) return std::unexpected(product.error());
  MatmulParams plain = params;
  plain.alpha = 1;
  plain.beta = 0;
  auto made = params.k == 0 ? queue.clear(product->address(), size)
                            : Product(queue, plain, a.address(), b.address(), product->address()).multiply();
  if (!made) return made;
  return add_nothing(queue, product->address(), params.beta, c.address(), elements);
}

}  // namespace gpu_host::cuda
