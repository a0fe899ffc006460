// wasi:gpu/ml-kernels as ordinary functions; semantics in wit/ml-kernels.wit.
#pragma once

#include <optional>

#include "wasi_gpu/session.hpp"

namespace gpu_host::wasi_gpu {

[[nodiscard]] GpuResult<void> kernel_bootstrap_sample(Session& session, BootstrapParams params,
                                                      BufferId output_indices);
[[nodiscard]] GpuResult<void> kernel_find_split(Session& session, FindSplitParams params, BufferId data,
                                                BufferId labels, BufferId indices, BufferId thresholds,
                                                BufferId output_scores);
[[nodiscard]] GpuResult<void> kernel_average(Session& session, AverageParams params, BufferId tree_predictions,
                                             BufferId output);
[[nodiscard]] GpuResult<void> kernel_matmul(Session& session, MatmulParams params, BufferId a, BufferId b, BufferId c);
[[nodiscard]] GpuResult<void> kernel_elementwise(Session& session, ElementwiseParams params, BufferId input_a,
                                                 std::optional<BufferId> input_b, BufferId output);
[[nodiscard]] GpuResult<void> kernel_reduce(Session& session, ReduceParams params, BufferId input, BufferId output);
[[nodiscard]] GpuResult<void> kernel_batch_predict(Session& session, BatchPredictParams params, BufferId samples,
                                                   BufferId tree_nodes, BufferId tree_offsets, BufferId output);

}  // namespace gpu_host::wasi_gpu
