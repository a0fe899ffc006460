// The bindings' seam over the host's own library, so that a guest's logic runs
// and is tested as a native program: the same checks and kernels as in a module,
// on the cpu backend, without WebAssembly between. One session for the process.
#include "wasi_gpu/host_calls.hpp"

#include <atomic>
#include <limits>
#include <utility>

#include "backend/registry.hpp"
#include "native/native_host.hpp"
#include "native/session.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/ml_kernels.hpp"
#include "wasi_gpu/session.hpp"

namespace wasi_gpu::native {
namespace {

std::atomic<std::uint64_t> calls = 0;

}  // namespace

std::uint64_t call_count() { return calls; }

gpu_host::Session& session() {
  static gpu_host::Session the_session([] { return gpu_host::open_device({.backend = "cpu", .index = {}}); },
                                       gpu_host::Limits());
  ++calls;
  return the_session;
}

}  // namespace wasi_gpu::native

namespace wasi_gpu::host_calls {

namespace host = gpu_host::wasi_gpu;
using native::session;
using native::translated;

DeviceInfo get_device_info() {
  auto info = host::get_device_info(session());
  if (!info) return {.name = std::move(info.error().message), .backend = {}, .compute_capability = {}};
  return {.name = info->name,
          .backend = info->backend,
          .total_memory = info->total_memory,
          .is_hardware = info->is_hardware,
          .compute_capability = info->compute_capability};
}

Result<BufferId> buffer_create(std::uint64_t size, BufferUsage usage) {
  return translated(host::buffer_create(session(), size, static_cast<host::BufferUsage>(usage)));
}

Result<void> buffer_write(BufferId buffer, std::uint64_t offset, std::span<const std::byte> data) {
  return translated(host::buffer_write(session(), buffer, offset, data));
}

Result<void> buffer_read(BufferId buffer, std::uint64_t offset, std::span<std::byte> into) {
  if (into.size() > std::numeric_limits<std::uint32_t>::max()) {
    return std::unexpected(Error{ErrorCode::invalid_params, "a read of more than 4 GiB"});
  }
  return translated(host::buffer_read(session(), buffer, offset, static_cast<std::uint32_t>(into.size()),
                                      [&]() -> gpu_host::GpuResult<std::span<std::byte>> { return into; }));
}

Result<void> buffer_copy(BufferId source, std::uint64_t source_offset, BufferId destination,
                         std::uint64_t destination_offset, std::uint64_t size) {
  return translated(host::buffer_copy(session(), source, source_offset, destination, destination_offset, size));
}

Result<void> buffer_destroy(BufferId buffer) { return translated(host::buffer_destroy(session(), buffer)); }

void sync() { host::sync(session()); }

Result<void> kernel_bootstrap_sample(const BootstrapParams& params, BufferId output_indices) {
  return translated(host::kernel_bootstrap_sample(
      session(), {.n_samples = params.n_samples, .seed = params.seed, .max_index = params.max_index}, output_indices));
}

Result<void> kernel_find_split(const FindSplitParams& params, BufferId data, BufferId labels, BufferId indices,
                               BufferId thresholds, BufferId output_scores) {
  return translated(host::kernel_find_split(session(),
                                            {.n_samples = params.n_samples,
                                             .n_features = params.n_features,
                                             .feature_idx = params.feature_idx,
                                             .n_thresholds = params.n_thresholds},
                                            data, labels, indices, thresholds, output_scores));
}

Result<void> kernel_average(const AverageParams& params, BufferId tree_predictions, BufferId output) {
  return translated(host::kernel_average(session(), {.n_trees = params.n_trees, .n_samples = params.n_samples},
                                         tree_predictions, output));
}

Result<void> kernel_matmul(const MatmulParams& params, BufferId a, BufferId b, BufferId c) {
  return translated(host::kernel_matmul(session(),
                                        {.m = params.m,
                                         .k = params.k,
                                         .n = params.n,
                                         .trans_a = params.trans_a,
                                         .trans_b = params.trans_b,
                                         .alpha = params.alpha,
                                         .beta = params.beta},
                                        a, b, c));
}

Result<void> kernel_elementwise(const ElementwiseParams& params, BufferId input_a, std::optional<BufferId> input_b,
                                BufferId output) {
  return translated(host::kernel_elementwise(
      session(), {.n_elements = params.n_elements, .op = static_cast<gpu_host::ElementwiseOp>(params.op)}, input_a,
      input_b, output));
}

Result<void> kernel_reduce(const ReduceParams& params, BufferId input, BufferId output) {
  return translated(host::kernel_reduce(
      session(), {.n_elements = params.n_elements, .op = static_cast<gpu_host::ReduceOp>(params.op)}, input, output));
}

Result<void> kernel_batch_predict(const BatchPredictParams& params, BufferId samples, BufferId tree_nodes,
                                  BufferId tree_offsets, BufferId output) {
  return translated(host::kernel_batch_predict(session(),
                                               {.batch_size = params.batch_size,
                                                .n_features = params.n_features,
                                                .n_trees = params.n_trees,
                                                .max_depth = params.max_depth},
                                               samples, tree_nodes, tree_offsets, output));
}

}  // namespace wasi_gpu::host_calls
