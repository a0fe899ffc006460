// matmul without OpenBLAS: where there is none, and for what BLAS leaves out.
#pragma once

#include <span>

#include "backend/cpu/parallel.hpp"
#include "backend/gpu_error.hpp"
#include "backend/kernel_params.hpp"

namespace gpu_host::cpu {

[[nodiscard]] GpuResult<void> plain_matmul(Workers& workers, const MatmulParams& params, std::span<const float> a,
                                           std::span<const float> b, std::span<float> c);

}  // namespace gpu_host::cpu
