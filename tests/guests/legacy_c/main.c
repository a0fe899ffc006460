// A guest in the manner of the older C guests: imports declared by hand, id 0
// taken for failure, results reserved with 8 bytes only, blocks from
// cabi_realloc never freed. What lies behind each result is watched.
#include <math.h>
#include <string.h>

#include "check.h"
#include "imports.h"

enum { kSentinel = 0x5EA1ED00, kMapReadCopyAndStorage = 0x2D };

// Hands out a block and forgets it.
static char heap[8 << 20];
static uint32_t heap_used = 0;

__attribute__((export_name("cabi_realloc"))) void* cabi_realloc(void* old, uint32_t old_size, uint32_t align,
                                                                uint32_t size) {
  (void)old;
  (void)old_size;
  const uint32_t start = (heap_used + align - 1) / align * align;
  if (start > sizeof heap || size > sizeof heap - start) return NULL;
  heap_used = start + size;
  return heap + start;
}

static struct {
  result8 result;
  uint32_t behind[2];
} guarded;

static result8* reserve(void) {
  guarded.result = (result8){0xFFFFFFFF, 0xFFFFFFFF};
  guarded.behind[0] = guarded.behind[1] = kSentinel;
  return &guarded.result;
}

// Whether the call succeeded, all of the result's word being the answer.
static int succeeded(int line) {
  check(guarded.result.failed == 0 || guarded.result.failed == 1, "the discriminant is a word", line);
  check(guarded.behind[0] == kSentinel && guarded.behind[1] == kSentinel, "nothing lies behind the result", line);
  return guarded.result.failed == 0;
}
#define SUCCEEDED(call) ((call), succeeded(__LINE__))

#define EXPECT_ERROR(call, error_case)                                                   \
  do {                                                                                   \
    check(!SUCCEEDED(call), "the call fails", __LINE__);                                 \
    check(guarded.result.value == (error_case), "the error's case is a word", __LINE__); \
  } while (0)
enum { kOutOfMemory = 0, kInvalidBuffer = 1, kKernelError = 2, kInvalidParams = 4 };

static uint32_t create(uint64_t size) {
  if (!SUCCEEDED(gpu_buffer_create(size, kMapReadCopyAndStorage, reserve()))) return 0;
  return guarded.result.value;
}

static uint32_t create_with(const void* data, uint32_t size) {
  const uint32_t id = create(size);
  CHECK(id != 0);
  CHECK(SUCCEEDED(gpu_buffer_write(id, 0, data, size, reserve())));
  return id;
}

static const void* read(uint32_t buffer, uint64_t offset, uint32_t size) {
  struct {
    result12 result;
    uint32_t behind;
  } area = {{0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, kSentinel};
  gpu_buffer_read(buffer, offset, size, &area.result);
  CHECK(area.behind == kSentinel);
  CHECK(area.result.failed == 0);
  CHECK(area.result.length == size);
  return (const void*)(uintptr_t)area.result.value;
}

static void check_device_info(void) {
  struct {
    device_info info;
    uint32_t behind;
  } area;
  memset(&area, 0xA5, sizeof area);
  gpu_get_device_info(&area.info);
  CHECK(area.behind == 0xA5A5A5A5);
  CHECK(area.info.name_length > 0);
  CHECK(area.info.backend_length > 0);
  CHECK(area.info.total_memory > 0);
  CHECK(area.info.is_hardware == 0 || area.info.is_hardware == 1);
}

static void check_kernels(void) {
  const float a_in[] = {1, 2, 3, 4};
  const float b_in[] = {5, 6, 7, 8};
  const uint32_t a = create_with(a_in, sizeof a_in);
  const uint32_t b = create_with(b_in, sizeof b_in);
  const uint32_t c = create(16);
  CHECK(SUCCEEDED(gpu_matmul(2, 2, 2, 0, 0, 1.0f, 0.0f, a, b, c, reserve())));
  const float product[] = {19, 22, 43, 50};
  CHECK_NUMBERS(read(c, 0, 16), product);
  CHECK(SUCCEEDED(gpu_elementwise(4, 4, a, 1, b, c, reserve())));
  const float each[] = {5, 12, 21, 32};
  CHECK_NUMBERS(read(c, 0, 16), each);

  const uint32_t rows[] = {0, 1, 2, 3};
  const float threshold_in[] = {2, 0};
  const uint32_t indices = create_with(rows, sizeof rows);
  const uint32_t thresholds = create_with(threshold_in, sizeof threshold_in);
  CHECK(SUCCEEDED(gpu_find_split(4, 1, 0, 2, a, b, indices, thresholds, c, reserve())));
  const float scores[] = {1, INFINITY};
  CHECK_NUMBERS(read(c, 0, 8), scores);

  CHECK(SUCCEEDED(gpu_bootstrap_sample(4, 7, 100, c, reserve())));
  const uint32_t* drawn = read(c, 0, 16);
  for (uint32_t i = 0; i < 4; ++i) CHECK(drawn[i] == bootstrap_index(7, i, 100));
}

static void check_errors(void) {
  CHECK(create(0) == 0);
  CHECK(create(UINT64_C(1) << 62) == 0);
  CHECK(guarded.result.value == kOutOfMemory);
  const uint32_t small = create(8);
  CHECK(small != 0);
  EXPECT_ERROR(gpu_buffer_write(small, 4, heap, 8, reserve()), kInvalidParams);
  EXPECT_ERROR(gpu_buffer_copy(small, 0, 99999, 0, 4, reserve()), kInvalidBuffer);

  const struct {
    int32_t feature;
    float threshold;
    uint32_t left, right;
  } node = {5, 0, 0, 0};
  const uint32_t zero[2] = {0, 0};
  const uint32_t nodes = create_with(&node, sizeof node);
  const uint32_t offsets = create_with(zero, 4);
  const uint32_t samples = create_with(zero, 4);
  // The error may come with the call or with the one after a sync.
  if (SUCCEEDED(gpu_batch_predict(1, 1, 1, 3, samples, nodes, offsets, small, reserve()))) {
    gpu_sync();
    EXPECT_ERROR(gpu_buffer_destroy(small, reserve()), kKernelError);
  } else {
    CHECK(guarded.result.value == kKernelError);
  }
  CHECK(SUCCEEDED(gpu_buffer_destroy(small, reserve())));
  EXPECT_ERROR(gpu_buffer_destroy(small, reserve()), kInvalidBuffer);
}

int main(void) {
  CHECK(__builtin_wasm_memory_size(0) == 256);  // 16 MiB
  check_device_info();
  check_kernels();
  check_errors();
  return verdict("legacy c");
}
