// One typed function for each function of wasi:gpu: the seam under the bindings.
// In a module they are calls of the host's imports. Natively they are only
// declared: whoever links them chooses the implementation (the host's own
// library in guest/native, for tests).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "wasi_gpu/error.hpp"
#include "wasi_gpu/types.hpp"

namespace wasi_gpu::host_calls {

// interface compute
[[nodiscard]] DeviceInfo get_device_info();
[[nodiscard]] Result<BufferId> buffer_create(std::uint64_t size, BufferUsage usage);
[[nodiscard]] Result<void> buffer_write(BufferId buffer, std::uint64_t offset, std::span<const std::byte> data);
// The host writes straight into `into`. After an error its content is unspecified.
[[nodiscard]] Result<void> buffer_read(BufferId buffer, std::uint64_t offset, std::span<std::byte> into);
[[nodiscard]] Result<void> buffer_copy(BufferId source, std::uint64_t source_offset, BufferId destination,
                                       std::uint64_t destination_offset, std::uint64_t size);
[[nodiscard]] Result<void> buffer_destroy(BufferId buffer);
void sync();

// interface ml-kernels
[[nodiscard]] Result<void> kernel_bootstrap_sample(const BootstrapParams& params, BufferId output_indices);
[[nodiscard]] Result<void> kernel_find_split(const FindSplitParams& params, BufferId data, BufferId labels,
                                             BufferId indices, BufferId thresholds, BufferId output_scores);
[[nodiscard]] Result<void> kernel_average(const AverageParams& params, BufferId tree_predictions, BufferId output);
[[nodiscard]] Result<void> kernel_matmul(const MatmulParams& params, BufferId a, BufferId b, BufferId c);
[[nodiscard]] Result<void> kernel_elementwise(const ElementwiseParams& params, BufferId input_a,
                                              std::optional<BufferId> input_b, BufferId output);
[[nodiscard]] Result<void> kernel_reduce(const ReduceParams& params, BufferId input, BufferId output);
[[nodiscard]] Result<void> kernel_batch_predict(const BatchPredictParams& params, BufferId samples, BufferId tree_nodes,
                                                BufferId tree_offsets, BufferId output);

}  // namespace wasi_gpu::host_calls

#if defined(__wasm__)
#include "wasi_gpu/detail/host_calls_wasm.hpp"
#endif
