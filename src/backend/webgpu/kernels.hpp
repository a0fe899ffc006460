// The WebGPU backend's kernels, one C++ file and one WGSL file each. The seam
// (backend.hpp) says what they do and what was checked before. All queue launches
// and return; what a kernel finds wrong in its data it reports to the error slot.
// Elementary steps that exceed Commands::max_work() and ranges that exceed
// Commands::max_window() are cut into several launches.
#pragma once

#include <cstdint>

#include "backend/webgpu/commands.hpp"
#include "backend/webgpu/webgpu_buffer.hpp"

namespace gpu_host::webgpu {

[[nodiscard]] GpuResult<void> bootstrap_sample(Commands& commands, const BootstrapParams& params,
                                               const WebGpuBuffer& output_indices);

[[nodiscard]] GpuResult<void> find_split(Commands& commands, const FindSplitParams& params, std::uint64_t n_rows,
                                         const WebGpuBuffer& data, const WebGpuBuffer& labels,
                                         const WebGpuBuffer& indices, const WebGpuBuffer& thresholds,
                                         const WebGpuBuffer& output_scores);

[[nodiscard]] GpuResult<void> average(Commands& commands, const AverageParams& params,
                                      const WebGpuBuffer& tree_predictions, const WebGpuBuffer& output);

[[nodiscard]] GpuResult<void> matmul(Commands& commands, const MatmulParams& params, const WebGpuBuffer& a,
                                     const WebGpuBuffer& b, const WebGpuBuffer& c);

// `input_b` is null for unary operations. The output may be an input.
[[nodiscard]] GpuResult<void> elementwise(Commands& commands, const ElementwiseParams& params,
                                          const WebGpuBuffer& input_a, const WebGpuBuffer* input_b,
                                          const WebGpuBuffer& output);

[[nodiscard]] GpuResult<void> reduce(Commands& commands, const ReduceParams& params, const WebGpuBuffer& input,
                                     const WebGpuBuffer& output);

[[nodiscard]] GpuResult<void> batch_predict(Commands& commands, const BatchPredictParams& params,
                                            const WebGpuBuffer& samples, const WebGpuBuffer& tree_nodes,
                                            const WebGpuBuffer& tree_offsets, const WebGpuBuffer& output);

}  // namespace gpu_host::webgpu
