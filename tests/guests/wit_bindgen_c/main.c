// A WASI command over the bindings that wit-bindgen makes of wit/: every
// function once, every kind of error that a healthy device can give.
#include <stdio.h>
#include <string.h>

#include "buffers.h"
#include "check.h"
#include "kernels.h"

static void check_device_info(void) {
  wasi_gpu_compute_device_info_t info;
  wasi_gpu_compute_get_device_info(&info);
  CHECK(info.name.len > 0);
  CHECK(info.backend.len > 0);
  CHECK(info.total_memory > 0);
  CHECK(info.is_hardware == 0 || info.is_hardware == 1);
  printf("backend %.*s\n", (int)info.backend.len, (const char*)info.backend.ptr);
  wasi_gpu_compute_device_info_free(&info);
}

static void check_buffers(void) {
  const wasi_gpu_compute_buffer_id_t buffer = create(16);
  const uint8_t zeros[16] = {0};
  uint8_t got[16] = {1};
  read_bytes(buffer, 0, got, sizeof got);
  CHECK(memcmp(got, zeros, sizeof got) == 0);

  const uint8_t text[5] = {'h', 'e', 'l', 'l', 'o'};
  write_bytes(buffer, 3, text, sizeof text);
  wasi_gpu_compute_gpu_error_t error;
  const wasi_gpu_compute_buffer_id_t other = create(16);
  CHECK(wasi_gpu_compute_buffer_copy(buffer, 3, other, 1, 5, &error));
  CHECK(wasi_gpu_compute_buffer_copy(other, 1, other, 3, 5, &error));  // overlaps, as memmove
  wasi_gpu_compute_sync();
  read_bytes(other, 1, got, 7);
  CHECK(memcmp(got, "hehello", 7) == 0);

  ml_compute_list_u8_t nothing;
  CHECK(wasi_gpu_compute_buffer_read(other, 16, 0, &nothing, &error));
  CHECK(nothing.len == 0);
  ml_compute_list_u8_free(&nothing);
  destroy(buffer);
  destroy(other);
}

static void expect_error(bool ok, wasi_gpu_compute_gpu_error_t* error, uint8_t tag, const char* word, int line) {
  check(!ok, "the call fails", line);
  if (ok) return;
  check(error->tag == tag, "the error is of the right kind", line);
  if (word != NULL && error->tag == tag) {
    const ml_compute_string_t text = error->val.invalid_params;
    char message[512] = {0};
    memcpy(message, text.ptr, text.len < sizeof message ? text.len : sizeof message - 1);
    check(strstr(message, word) != NULL, "the message names the culprit", line);
    printf("message: %s\n", message);
  }
  wasi_gpu_compute_gpu_error_free(error);
}
#define EXPECT_ERROR(call, tag, word)                  \
  do {                                                 \
    wasi_gpu_compute_gpu_error_t error;                \
    const bool ok = (call);                            \
    expect_error(ok, &error, (tag), (word), __LINE__); \
  } while (0)

// A row asks for feature 9 of 1. The device may say so with this call or with
// the read that waits for it.
static bool predict_with_bad_node(wasi_gpu_compute_gpu_error_t* error) {
  const struct node nodes[1] = {{9, 0.5f, 0, 0}};
  const uint32_t offsets[1] = {0};
  const float sample[1] = {1};
  const wasi_gpu_compute_buffer_id_t samples = create_with(sample, sizeof sample);
  const wasi_gpu_compute_buffer_id_t trees = create_with(nodes, sizeof nodes);
  const wasi_gpu_compute_buffer_id_t starts = create_with(offsets, sizeof offsets);
  const wasi_gpu_compute_buffer_id_t output = create(4);
  wasi_gpu_ml_kernels_batch_predict_params_t params = {1, 1, 1, 4};
  bool ok = wasi_gpu_ml_kernels_kernel_batch_predict(&params, samples, trees, starts, output, error);
  if (ok) {
    ml_compute_list_u8_t bytes;
    ok = wasi_gpu_compute_buffer_read(output, 0, 4, &bytes, error);
    if (ok) ml_compute_list_u8_free(&bytes);
  }
  const wasi_gpu_compute_buffer_id_t all[] = {samples, trees, starts, output};
  for (size_t i = 0; i < 4; ++i) destroy(all[i]);
  return ok;
}

static void check_errors(void) {
  const wasi_gpu_compute_buffer_id_t buffer = create(8);
  wasi_gpu_compute_buffer_id_t id;
  ml_compute_list_u8_t bytes;
  EXPECT_ERROR(wasi_gpu_compute_buffer_create(UINT64_C(1) << 62, 0, &id, &error),
               WASI_GPU_COMPUTE_GPU_ERROR_OUT_OF_MEMORY, NULL);
  EXPECT_ERROR(wasi_gpu_compute_buffer_destroy(123456, &error), WASI_GPU_COMPUTE_GPU_ERROR_INVALID_BUFFER, NULL);
  EXPECT_ERROR(wasi_gpu_compute_buffer_read(0, 0, 4, &bytes, &error), WASI_GPU_COMPUTE_GPU_ERROR_INVALID_BUFFER, NULL);
  EXPECT_ERROR(wasi_gpu_compute_buffer_create(0, 0, &id, &error), WASI_GPU_COMPUTE_GPU_ERROR_INVALID_PARAMS, "size");
  EXPECT_ERROR(wasi_gpu_compute_buffer_read(buffer, 5, 4, &bytes, &error), WASI_GPU_COMPUTE_GPU_ERROR_INVALID_PARAMS,
               "8 bytes");
  EXPECT_ERROR(predict_with_bad_node(&error), WASI_GPU_COMPUTE_GPU_ERROR_KERNEL_ERROR, "feature");
  destroy(buffer);
  EXPECT_ERROR(wasi_gpu_compute_buffer_destroy(buffer, &error), WASI_GPU_COMPUTE_GPU_ERROR_INVALID_BUFFER, NULL);
}

int main(void) {
  check_device_info();
  check_buffers();
  check_kernels();
  check_errors();
  return verdict("wit-bindgen c");
}
