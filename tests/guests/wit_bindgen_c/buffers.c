#include "buffers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Nothing that follows can work: says what was refused and ends the guest.
static void must(bool ok, const char* call, const wasi_gpu_compute_gpu_error_t* error) {
  if (ok) return;
  printf("%s failed: error %d\n", call, error->tag);
  exit(1);
}

wasi_gpu_compute_buffer_id_t create(uint64_t size) {
  const wasi_gpu_compute_buffer_usage_t usage = WASI_GPU_COMPUTE_BUFFER_USAGE_STORAGE |
                                                WASI_GPU_COMPUTE_BUFFER_USAGE_COPY_SRC |
                                                WASI_GPU_COMPUTE_BUFFER_USAGE_COPY_DST;
  wasi_gpu_compute_buffer_id_t id = 0;
  wasi_gpu_compute_gpu_error_t error;
  must(wasi_gpu_compute_buffer_create(size, usage, &id, &error), "buffer-create", &error);
  return id;
}

wasi_gpu_compute_buffer_id_t create_with(const void* data, size_t size) {
  const wasi_gpu_compute_buffer_id_t id = create(size);
  write_bytes(id, 0, data, size);
  return id;
}

void write_bytes(wasi_gpu_compute_buffer_id_t buffer, uint64_t offset, const void* data, size_t size) {
  ml_compute_list_u8_t list = {(uint8_t*)data, size};
  wasi_gpu_compute_gpu_error_t error;
  must(wasi_gpu_compute_buffer_write(buffer, offset, &list, &error), "buffer-write", &error);
}

void read_bytes(wasi_gpu_compute_buffer_id_t buffer, uint64_t offset, void* into, uint32_t size) {
  ml_compute_list_u8_t list;
  wasi_gpu_compute_gpu_error_t error;
  must(wasi_gpu_compute_buffer_read(buffer, offset, size, &list, &error), "buffer-read", &error);
  must(list.len == size, "buffer-read (length)", &error);
  memcpy(into, list.ptr, size);
  ml_compute_list_u8_free(&list);
}

void destroy(wasi_gpu_compute_buffer_id_t buffer) {
  wasi_gpu_compute_gpu_error_t error;
  must(wasi_gpu_compute_buffer_destroy(buffer, &error), "buffer-destroy", &error);
}

// The bindings want an object linked in that holds the component's type. It is
// for tools that make components; a core module does without.
void __component_type_object_force_link_ml_compute(void) {}
