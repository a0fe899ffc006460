// The contract as the older C guests wrote it down by hand: ids and results as
// words, a result of 8 bytes (12 for buffer-read), no strings in errors.
#pragma once

#include <stdint.h>

#define COMPUTE(name) __attribute__((import_module("wasi:gpu/compute@0.1.0"), import_name(name)))
#define KERNEL(name) __attribute__((import_module("wasi:gpu/ml-kernels@0.1.0"), import_name(name)))

typedef struct {
  uint32_t failed;
  uint32_t value;  // the id, or the error's case
} result8;

typedef struct {
  uint32_t failed;
  uint32_t value;  // the data, or the error's case
  uint32_t length;
} result12;

typedef struct {
  const char* name;
  uint32_t name_length;
  const char* backend;
  uint32_t backend_length;
  uint64_t total_memory;
  uint32_t is_hardware;
  const char* compute_capability;
  uint32_t compute_capability_length;
} device_info;

COMPUTE("get-device-info") void gpu_get_device_info(device_info* result);
COMPUTE("buffer-create") void gpu_buffer_create(uint64_t size, uint32_t usage, result8* result);
COMPUTE("buffer-write")
void gpu_buffer_write(uint32_t buffer, uint64_t offset, const void* data, uint32_t length, result8* result);
COMPUTE("buffer-read") void gpu_buffer_read(uint32_t buffer, uint64_t offset, uint32_t size, result12* result);
COMPUTE("buffer-copy")
void gpu_buffer_copy(uint32_t src, uint64_t src_offset, uint32_t dst, uint64_t dst_offset, uint64_t size,
                     result8* result);
COMPUTE("buffer-destroy") void gpu_buffer_destroy(uint32_t buffer, result8* result);
COMPUTE("sync") void gpu_sync(void);

KERNEL("kernel-bootstrap-sample")
void gpu_bootstrap_sample(uint32_t n_samples, uint32_t seed, uint32_t max_index, uint32_t output, result8* result);
KERNEL("kernel-find-split")
void gpu_find_split(uint32_t n_samples, uint32_t n_features, uint32_t feature, uint32_t n_thresholds, uint32_t data,
                    uint32_t labels, uint32_t indices, uint32_t thresholds, uint32_t output, result8* result);
KERNEL("kernel-matmul")
void gpu_matmul(uint32_t m, uint32_t k, uint32_t n, uint32_t trans_a, uint32_t trans_b, float alpha, float beta,
                uint32_t a, uint32_t b, uint32_t c, result8* result);
KERNEL("kernel-elementwise")
void gpu_elementwise(uint32_t n_elements, uint32_t op, uint32_t input_a, uint32_t has_b, uint32_t input_b,
                     uint32_t output, result8* result);
KERNEL("kernel-batch-predict")
void gpu_batch_predict(uint32_t batch_size, uint32_t n_features, uint32_t n_trees, uint32_t max_depth, uint32_t samples,
                       uint32_t nodes, uint32_t offsets, uint32_t output, result8* result);
