// The CUDA backend's kernels, one C++ file each and, but for matmul, one .cu file in
// kernels/. The seam (backend.hpp) says what they do and what was checked before. All queue
// launches and return; what a kernel finds wrong in its data it reports to the error slot.
// Elementary steps that exceed Queue::max_work() are cut into several launches.
#pragma once

#include <cstdint>

#include "backend/cuda/cuda_buffer.hpp"
#include "backend/cuda/queue.hpp"

namespace gpu_host::cuda {

[[nodiscard]] GpuResult<void> bootstrap_sample(Queue& queue, const BootstrapParams& params,
                                               const CudaBuffer& output_indices);

[[nodiscard]] GpuResult<void> find_split(Queue& queue, const FindSplitParams& params, std::uint64_t n_rows,
                                         const CudaBuffer& data, const CudaBuffer& labels, const CudaBuffer& indices,
                                         const CudaBuffer& thresholds, const CudaBuffer& output_scores);

[[nodiscard]] GpuResult<void> average(Queue& queue, const AverageParams& params, const CudaBuffer& tree_predictions,
                                      const CudaBuffer& output);

[[nodiscard]] GpuResult<void> matmul(Queue& queue, const MatmulParams& params, const CudaBuffer& a, const CudaBuffer& b,
                                     const CudaBuffer& c);

// `input_b` is null for unary operations. The output may be an input.
[[nodiscard]] GpuResult<void> elementwise(Queue& queue, const ElementwiseParams& params, const CudaBuffer& input_a,
                                          const CudaBuffer* input_b, const CudaBuffer& output);

[[nodiscard]] GpuResult<void> reduce(Queue& queue, const ReduceParams& params, const CudaBuffer& input,
                                     const CudaBuffer& output);

[[nodiscard]] GpuResult<void> batch_predict(Queue& queue, const BatchPredictParams& params, const CudaBuffer& samples,
                                            const CudaBuffer& tree_nodes, const CudaBuffer& tree_offsets,
                                            const CudaBuffer& output);

}  // namespace gpu_host::cuda
