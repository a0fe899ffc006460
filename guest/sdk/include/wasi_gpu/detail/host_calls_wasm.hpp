// host_calls.hpp inside a module: calls the imports and decodes their results.
// Included by host_calls.hpp.
#pragma once

#include <cstring>
#include <string>
#include <utility>

#include "wasi_gpu/detail/cabi_realloc.hpp"
#include "wasi_gpu/detail/canonical_abi.hpp"
#include "wasi_gpu/detail/imports.hpp"
#include "wasi_gpu/detail/read_destination.hpp"
#include "wasi_gpu/host_calls.hpp"

namespace wasi_gpu::detail {

// Copies a string that the host allocated and frees it.
inline std::string take_string(const RawList& raw) {
  auto* bytes = reinterpret_cast<char*>(raw.pointer);
  std::string text(bytes, raw.length);
  release(read_destination, bytes, raw.length);
  return text;
}

inline Error take_error(const RawError& raw) {
  if (raw.code > static_cast<std::uint8_t>(ErrorCode::invalid_params)) {
    return {ErrorCode::kernel_error, "the host returned an error of unknown case " + std::to_string(raw.code)};
  }
  const auto code = static_cast<ErrorCode>(raw.code);
  const bool has_message = code == ErrorCode::kernel_error || code == ErrorCode::invalid_params;
  return {code, has_message ? take_string(raw.message) : std::string()};
}

inline Result<void> take_void(const RawResult& raw) {
  if (raw.is_error != 0) return std::unexpected(take_error(raw.error));
  return {};
}

// Calls an import whose result carries nothing.
template <class Import, class... Args>
Result<void> call(Import import, Args... args) {
  RawResult raw{};
  import(args..., &raw);
  return take_void(raw);
}

class ArmedRead {
 public:
  explicit ArmedRead(std::span<std::byte> into) { read_destination.arm(into); }
  ArmedRead(const ArmedRead&) = delete;
  ArmedRead& operator=(const ArmedRead&) = delete;
  ~ArmedRead() { read_destination.disarm(); }
};

}  // namespace wasi_gpu::detail

namespace wasi_gpu::host_calls {

namespace raw = detail::imports;

inline DeviceInfo get_device_info() {
  detail::RawDeviceInfo info{};
  raw::wasi_gpu_get_device_info(&info);
  return {.name = detail::take_string(info.name),
          .backend = detail::take_string(info.backend),
          .total_memory = info.total_memory,
          .is_hardware = info.is_hardware != 0,
          .compute_capability = detail::take_string(info.compute_capability)};
}

inline Result<BufferId> buffer_create(std::uint64_t size, BufferUsage usage) {
  detail::RawResult result{};
  raw::wasi_gpu_buffer_create(size, static_cast<std::uint32_t>(usage), &result);
  if (result.is_error != 0) return std::unexpected(detail::take_error(result.error));
  return result.id;
}

inline Result<void> buffer_write(BufferId buffer, std::uint64_t offset, std::span<const std::byte> data) {
  return detail::call(raw::wasi_gpu_buffer_write, buffer, offset, data.data(), data.size());
}

inline Result<void> buffer_read(BufferId buffer, std::uint64_t offset, std::span<std::byte> into) {
  const detail::ArmedRead armed(into);
  detail::RawResult result{};
  raw::wasi_gpu_buffer_read(buffer, offset, into.size(), &result);
  if (result.is_error != 0) return std::unexpected(detail::take_error(result.error));
  auto* bytes = reinterpret_cast<std::byte*>(result.list.pointer);
  const std::size_t length = result.list.length;
  const bool complete = length == into.size();
  // A host may allocate in another way than by one request; then it costs a copy.
  if (complete && length != 0 && bytes != into.data()) std::memcpy(into.data(), bytes, length);
  detail::release(detail::read_destination, bytes, length);
  if (complete) return {};
  return std::unexpected(Error{ErrorCode::kernel_error, "the host read " + std::to_string(length) +
                                                            " bytes instead of " + std::to_string(into.size())});
}

inline Result<void> buffer_copy(BufferId source, std::uint64_t source_offset, BufferId destination,
                                std::uint64_t destination_offset, std::uint64_t size) {
  return detail::call(raw::wasi_gpu_buffer_copy, source, source_offset, destination, destination_offset, size);
}

inline Result<void> buffer_destroy(BufferId buffer) { return detail::call(raw::wasi_gpu_buffer_destroy, buffer); }

inline void sync() { raw::wasi_gpu_sync(); }

inline Result<void> kernel_bootstrap_sample(const BootstrapParams& params, BufferId output_indices) {
  return detail::call(raw::wasi_gpu_kernel_bootstrap_sample, params.n_samples, params.seed, params.max_index,
                      output_indices);
}

inline Result<void> kernel_find_split(const FindSplitParams& params, BufferId data, BufferId labels, BufferId indices,
                                      BufferId thresholds, BufferId output_scores) {
  return detail::call(raw::wasi_gpu_kernel_find_split, params.n_samples, params.n_features, params.feature_idx,
                      params.n_thresholds, data, labels, indices, thresholds, output_scores);
}

inline Result<void> kernel_average(const AverageParams& params, BufferId tree_predictions, BufferId output) {
  return detail::call(raw::wasi_gpu_kernel_average, params.n_trees, params.n_samples, tree_predictions, output);
}

inline Result<void> kernel_matmul(const MatmulParams& params, BufferId a, BufferId b, BufferId c) {
  return detail::call(raw::wasi_gpu_kernel_matmul, params.m, params.k, params.n, params.trans_a, params.trans_b,
                      params.alpha, params.beta, a, b, c);
}

inline Result<void> kernel_elementwise(const ElementwiseParams& params, BufferId input_a,
                                       std::optional<BufferId> input_b, BufferId output) {
  return detail::call(raw::wasi_gpu_kernel_elementwise, params.n_elements, static_cast<std::uint32_t>(params.op),
                      input_a, input_b.has_value(), input_b.value_or(0), output);
}

inline Result<void> kernel_reduce(const ReduceParams& params, BufferId input, BufferId output) {
  return detail::call(raw::wasi_gpu_kernel_reduce, params.n_elements, static_cast<std::uint32_t>(params.op), input,
                      output);
}

inline Result<void> kernel_batch_predict(const BatchPredictParams& params, BufferId samples, BufferId tree_nodes,
                                         BufferId tree_offsets, BufferId output) {
  return detail::call(raw::wasi_gpu_kernel_batch_predict, params.batch_size, params.n_features, params.n_trees,
                      params.max_depth, samples, tree_nodes, tree_offsets, output);
}

}  // namespace wasi_gpu::host_calls
