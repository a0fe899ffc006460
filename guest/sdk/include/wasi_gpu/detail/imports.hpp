// The host's functions as a core module imports them: parameters flattened,
// results written to the trailing pointer. They are the same in all versions of
// the contract.
#pragma once

#include <cstdint>

#include "wasi_gpu/detail/canonical_abi.hpp"
#include "wasi_gpu/detail/contract_version.hpp"

namespace wasi_gpu::detail::imports {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

[[gnu::used]] static const char* const version_symbol = &WASI_GPU_VERSION_SYMBOL;

#define WASI_GPU_COMPUTE(name) __attribute__((import_module("wasi:gpu/compute@" WASI_GPU_VERSION), import_name(name)))
#define WASI_GPU_ML_KERNELS(name) \
  __attribute__((import_module("wasi:gpu/ml-kernels@" WASI_GPU_VERSION), import_name(name)))

extern "C" {

WASI_GPU_COMPUTE("get-device-info")
void wasi_gpu_get_device_info(RawDeviceInfo* result);
WASI_GPU_COMPUTE("buffer-create")
void wasi_gpu_buffer_create(u64 size, u32 usage, RawResult* result);
WASI_GPU_COMPUTE("buffer-write")
void wasi_gpu_buffer_write(u32 buffer, u64 offset, const void* data, u32 length, RawResult* result);
WASI_GPU_COMPUTE("buffer-read")
void wasi_gpu_buffer_read(u32 buffer, u64 offset, u32 size, RawResult* result);
WASI_GPU_COMPUTE("buffer-copy")
void wasi_gpu_buffer_copy(u32 src, u64 src_offset, u32 dst, u64 dst_offset, u64 size, RawResult* result);
WASI_GPU_COMPUTE("buffer-destroy")
void wasi_gpu_buffer_destroy(u32 buffer, RawResult* result);
WASI_GPU_COMPUTE("sync")
void wasi_gpu_sync();

WASI_GPU_ML_KERNELS("kernel-bootstrap-sample")
void wasi_gpu_kernel_bootstrap_sample(u32 n_samples, u32 seed, u32 max_index, u32 output_indices, RawResult* result);
WASI_GPU_ML_KERNELS("kernel-find-split")
void wasi_gpu_kernel_find_split(u32 n_samples, u32 n_features, u32 feature_idx, u32 n_thresholds, u32 data, u32 labels,
                                u32 indices, u32 thresholds, u32 output_scores, RawResult* result);
WASI_GPU_ML_KERNELS("kernel-average")
void wasi_gpu_kernel_average(u32 n_trees, u32 n_samples, u32 tree_predictions, u32 output, RawResult* result);
WASI_GPU_ML_KERNELS("kernel-matmul")
void wasi_gpu_kernel_matmul(u32 m, u32 k, u32 n, u32 trans_a, u32 trans_b, float alpha, float beta, u32 a, u32 b, u32 c,
                            RawResult* result);
WASI_GPU_ML_KERNELS("kernel-elementwise")
void wasi_gpu_kernel_elementwise(u32 n_elements, u32 op, u32 input_a, u32 has_input_b, u32 input_b, u32 output,
                                 RawResult* result);
WASI_GPU_ML_KERNELS("kernel-reduce")
void wasi_gpu_kernel_reduce(u32 n_elements, u32 op, u32 input, u32 output, RawResult* result);
WASI_GPU_ML_KERNELS("kernel-batch-predict")
void wasi_gpu_kernel_batch_predict(u32 batch_size, u32 n_features, u32 n_trees, u32 max_depth, u32 samples,
                                   u32 tree_nodes, u32 tree_offsets, u32 output, RawResult* result);

}  // extern "C"

#undef WASI_GPU_COMPUTE
#undef WASI_GPU_ML_KERNELS

}  // namespace wasi_gpu::detail::imports
