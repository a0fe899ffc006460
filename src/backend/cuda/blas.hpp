// cuBLAS 12 or 13, opened at run time.
#pragma once

#include <cuda.h>

#include <cstdint>
#include <memory>

#include "backend/cuda/handles.hpp"
#include "backend/gpu_error.hpp"

namespace gpu_host::cuda {

class Queue;

// Device_unavailable, with the reason and what to do, where there is no cuBLAS that can be used. Opened once.
[[nodiscard]] GpuResult<void> open_blas();

// A cuBLAS handle on a queue's stream, with a workspace of its own, so that results repeat. A CurrentContext must live
// on the thread in every call, the destructor's as well.
class Blas {
 public:
  [[nodiscard]] static GpuResult<std::unique_ptr<Blas>> create(Queue& queue);
  ~Blas();
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;

  // c = alpha * op(a) * op(b) + beta * c, column-major as in BLAS (cublasGemmEx).
  struct Gemm {
    bool trans_a, trans_b;
    int m, n, k;
    float alpha, beta;
    CUdeviceptr a, b, c;
    int lda, ldb, ldc;
    bool tf32;
  };
  [[nodiscard]] GpuResult<void> gemm(const Gemm& gemm);

 private:
  Blas(void* handle, DeviceMemory workspace);

  void* handle_;
  DeviceMemory workspace_;
};

}  // namespace gpu_host::cuda
