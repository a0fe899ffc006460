// Buffers through the generated bindings, for calls that are expected to work.
#pragma once

#include <stddef.h>

#include "ml_compute.h"

// As kernel-batch-predict reads it.
struct node {
  int32_t feature;
  float threshold;
  uint32_t left;
  uint32_t right;
};

wasi_gpu_compute_buffer_id_t create(uint64_t size);
wasi_gpu_compute_buffer_id_t create_with(const void* data, size_t size);
void write_bytes(wasi_gpu_compute_buffer_id_t buffer, uint64_t offset, const void* data, size_t size);
void read_bytes(wasi_gpu_compute_buffer_id_t buffer, uint64_t offset, void* into, uint32_t size);
void destroy(wasi_gpu_compute_buffer_id_t buffer);
