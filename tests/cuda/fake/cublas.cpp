// cuBLAS, as far as it is called. Sums are kept in f64.
#include <algorithm>
#include <bit>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "enqueue.hpp"

namespace {

constexpr int kSuccess = 0;
constexpr int kNotInitialized = 1;
constexpr int kInvalidValue = 7;
constexpr int kExecutionFailed = 13;
constexpr int kComputeF32 = 68;
constexpr int kComputeTf32 = 77;

struct Handle {
  CUstream stream = nullptr;
  bool has_workspace = false;  // that was set after the stream
};

// To the 10 bits of TF32's mantissa, ties to even; infinities and NaNs as they are.
float round_to_tf32(float value) {
  auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7F800000U) == 0x7F800000U) return value;
  bits += 0xFFFU + (bits >> 13U & 1U);
  return std::bit_cast<float>(bits & ~0x1FFFU);
}

// Takes nearly all of the time, and looks at nothing of its caller's: not slowed down by sanitizers.
__attribute__((no_sanitize("address", "undefined"))) void add_multiple(std::span<double> sums, const double* column,
                                                                       double factor) {
  double* const sum = sums.data();
  const std::size_t n = sums.size();
  for (std::size_t i = 0; i < n; ++i) sum[i] += column[i] * factor;
}

struct Gemm {
  bool trans_a, trans_b, is_tf32;
  std::size_t m, n, k, lda, ldb, ldc;
  float alpha, beta;
  const float* a;
  const float* b;
  float* c;

  [[nodiscard]] double input(float value) const { return is_tf32 ? round_to_tf32(value) : value; }

  [[nodiscard]] CUresult run() const {
    std::vector<double> op_a(m * k);  // column by column
    for (std::size_t p = 0; p < k; ++p) {
      for (std::size_t i = 0; i < m; ++i) op_a[p * m + i] = input(trans_a ? a[i * lda + p] : a[p * lda + i]);
    }
    std::vector<double> sums(m);
    for (std::size_t j = 0; j < n; ++j) {
      sums.assign(m, 0.0);
      for (std::size_t p = 0; p < k; ++p) {
        const double factor = input(trans_b ? b[p * ldb + j] : b[j * ldb + p]);
        add_multiple(sums, &op_a[p * m], factor);
      }
      for (std::size_t i = 0; i < m; ++i) {
        float& element = c[j * ldc + i];
        const double before = beta == 0 ? 0.0 : static_cast<double>(beta) * element;  // what is overwritten is not read
        element = static_cast<float>(alpha * sums[i] + before);
      }
    }
    return CUDA_SUCCESS;
  }
};

// More than 2^31 - 1 elements from the first to the last have led to illegal addresses.
bool is_matrix(int rows, int columns, int ld) {
  const auto before = std::int64_t{std::max(columns, 1) - 1} * ld;
  return ld >= rows && ld >= 1 && (columns <= 1 || before + rows <= INT_MAX);
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

// As the library says it where there is no memory for it, and in a context that is lost.
int cublasCreate_v2(void** handle) {
  if (fake_cuda_call("cublasCreate") != CUDA_SUCCESS) return kNotInitialized;
  *handle = new Handle;
  return kSuccess;
}

int cublasDestroy_v2(void* handle) {
  delete static_cast<Handle*>(handle);
  return kSuccess;
}

int cublasSetStream_v2(void* handle, CUstream stream) {
  *static_cast<Handle*>(handle) = {.stream = stream, .has_workspace = false};
  return kSuccess;
}

int cublasSetWorkspace_v2(void* handle, void* workspace, std::size_t /*size*/) {
  if (handle == nullptr) return kNotInitialized;
  if (reinterpret_cast<std::uintptr_t>(workspace) % 256 != 0) return kInvalidValue;
  static_cast<Handle*>(handle)->has_workspace = true;
  return kSuccess;
}

int cublasGetVersion_v2(void* /*handle*/, int* version) {
  *version = 120405;
  return kSuccess;
}

const char* cublasGetStatusName(int status) {
  switch (status) {
    case kSuccess:
      return "CUBLAS_STATUS_SUCCESS";
    case kNotInitialized:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case kInvalidValue:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case kExecutionFailed:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    default:
      return "CUBLAS_STATUS_UNKNOWN";
  }
}

// Column-major; all types CUDA_R_32F (0), factors of this machine.
int cublasGemmEx(void* handle, int trans_a, int trans_b, int m, int n, int k, const void* alpha, const void* a,
                 int a_type, int lda, const void* b, int b_type, int ldb, const void* beta, void* c, int c_type,
                 int ldc, int compute_type, int /*algorithm*/) {
  const bool is_valid = m >= 0 && n >= 0 && k >= 0 && (trans_a | trans_b | 1) == 1 && (a_type | b_type | c_type) == 0 &&
                        is_matrix(trans_a != 0 ? k : m, trans_a != 0 ? m : k, lda) &&
                        is_matrix(trans_b != 0 ? n : k, trans_b != 0 ? k : n, ldb) && is_matrix(m, n, ldc) &&
                        (compute_type == kComputeF32 || compute_type == kComputeTf32);
  if (handle == nullptr) return kNotInitialized;
  // Without one of its own it would share the device's: results would not repeat.
  if (!is_valid || !static_cast<Handle*>(handle)->has_workspace) return kInvalidValue;
  const auto size = [](int value) { return static_cast<std::size_t>(value); };
  const Gemm gemm{trans_a != 0,
                  trans_b != 0,
                  compute_type == kComputeTf32,
                  size(m),
                  size(n),
                  size(k),
                  size(lda),
                  size(ldb),
                  size(ldc),
                  *static_cast<const float*>(alpha),
                  *static_cast<const float*>(beta),
                  static_cast<const float*>(a),
                  static_cast<const float*>(b),
                  static_cast<float*>(c)};
  const CUresult queued = fake_cuda_enqueue(static_cast<Handle*>(handle)->stream, [gemm] { return gemm.run(); });
  return queued == CUDA_SUCCESS ? kSuccess : kExecutionFailed;
}

// y += alpha * x, without gaps.
int cublasSaxpy_v2(void* handle, int n, const float* alpha, const float* x, int step_x, float* y, int step_y) {
  if (handle == nullptr) return kNotInitialized;
  if (step_x != 1 || step_y != 1) return kInvalidValue;
  const CUresult queued = fake_cuda_enqueue(static_cast<Handle*>(handle)->stream, [=, factor = *alpha] {
    for (int i = 0; i < n; ++i) y[i] += factor * x[i];
    return CUDA_SUCCESS;
  });
  return queued == CUDA_SUCCESS ? kSuccess : kExecutionFailed;
}

}  // extern "C"
#pragma GCC visibility pop
