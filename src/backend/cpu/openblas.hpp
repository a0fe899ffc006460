// OpenBLAS, opened on first use: a program that is linked against it starts 8 ms
// later and with a thread for every core.
#pragma once

namespace gpu_host::cpu {

// cblas_sgemm. The enumerations of CBLAS are passed as the C ABI passes them, as int.
using Sgemm = void (*)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float* a, int lda,
                       const float* b, int ldb, float beta, float* c, int ldc);

inline constexpr int kRowMajor = 101;
inline constexpr int kNoTrans = 111;
inline constexpr int kTrans = 112;

// Null where there is no OpenBLAS, which is logged once. Safe from any thread.
[[nodiscard]] Sgemm openblas_sgemm();

// What openblas_sgemm does for the library `name`, without keeping the answer.
[[nodiscard]] Sgemm open_sgemm(const char* name);

// Held during a call of sgemm. OpenBLAS keeps a buffer for each call that runs at
// the same time, and tries for ever where the system has no room for another: so
// that is tried before. Throws std::bad_alloc.
class SgemmBuffer {
 public:
  SgemmBuffer();
  ~SgemmBuffer();
  SgemmBuffer(const SgemmBuffer&) = delete;
  SgemmBuffer& operator=(const SgemmBuffer&) = delete;
};

}  // namespace gpu_host::cpu
