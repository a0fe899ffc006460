#include "kernels.h"

#include <math.h>

#include "buffers.h"
#include "check.h"

typedef wasi_gpu_compute_buffer_id_t buffer_id;

static void must(bool ok, const wasi_gpu_ml_kernels_gpu_error_t* error, int line) {
  check(ok, "the kernel succeeds", line);
  if (!ok) wasi_gpu_ml_kernels_gpu_error_free((wasi_gpu_ml_kernels_gpu_error_t*)error);
}
#define RUN(call)                          \
  do {                                     \
    wasi_gpu_ml_kernels_gpu_error_t error; \
    must((call), &error, __LINE__);        \
  } while (0)

static void destroy_all(const buffer_id* ids, size_t count) {
  for (size_t i = 0; i < count; ++i) destroy(ids[i]);
}
#define DESTROY(...)                              \
  do {                                            \
    const buffer_id ids[] = {__VA_ARGS__};        \
    destroy_all(ids, sizeof ids / sizeof ids[0]); \
  } while (0)

static void bootstrap_sample(void) {
  enum { kCount = 100, kRows = 353 };
  const buffer_id output = create(kCount * 4);
  wasi_gpu_ml_kernels_bootstrap_params_t params = {kCount, 42, kRows};
  RUN(wasi_gpu_ml_kernels_kernel_bootstrap_sample(&params, output, &error));
  uint32_t indices[kCount];
  read_bytes(output, 0, indices, sizeof indices);
  for (uint32_t i = 0; i < kCount; ++i) CHECK(indices[i] == bootstrap_index(42, i, kRows));
  DESTROY(output);
}

static void find_split(void) {
  // The second of two features: 1, 2, 3, 4; the node has rows 0, 1, 2 and 3.
  const float data_in[] = {9, 1, 9, 2, 9, 3, 9, 4};
  const float labels_in[] = {1, 3, 10, 20};
  const uint32_t indices_in[] = {0, 1, 2, 3};
  const float thresholds_in[] = {2, 0, 3};
  const buffer_id data = create_with(data_in, sizeof data_in);
  const buffer_id labels = create_with(labels_in, sizeof labels_in);
  const buffer_id indices = create_with(indices_in, sizeof indices_in);
  const buffer_id thresholds = create_with(thresholds_in, sizeof thresholds_in);
  const buffer_id output = create(12);
  wasi_gpu_ml_kernels_find_split_params_t params = {4, 2, 1, 3};
  RUN(wasi_gpu_ml_kernels_kernel_find_split(&params, data, labels, indices, thresholds, output, &error));
  float scores[3];
  read_bytes(output, 0, scores, sizeof scores);
  // {1,3} and {10,20}: 2 + 50. Nothing is <= 0. {1,3,10} and {20}: 134/3 + 0.
  const float expected[] = {52, INFINITY, 134.0f / 3.0f};
  CHECK_NUMBERS(scores, expected);
  DESTROY(data, labels, indices, thresholds, output);
}

static void average(void) {
  const float predictions_in[] = {1, 2, 6, 10, 20, 60};
  const buffer_id predictions = create_with(predictions_in, sizeof predictions_in);
  const buffer_id output = create(8);
  wasi_gpu_ml_kernels_average_params_t params = {3, 2};
  RUN(wasi_gpu_ml_kernels_kernel_average(&params, predictions, output, &error));
  float means[2];
  read_bytes(output, 0, means, sizeof means);
  const float expected[] = {3, 30};
  CHECK_NUMBERS(means, expected);
  DESTROY(predictions, output);
}

static void matmul(void) {
  const float a_in[] = {1, 4, 2, 5, 3, 6};  // 2 x 3, stored transposed
  const float b_in[] = {1, 0, 0, 1, 1, 1};  // 3 x 2
  const float c_in[] = {10, 20, 30, 40};
  const buffer_id a = create_with(a_in, sizeof a_in);
  const buffer_id b = create_with(b_in, sizeof b_in);
  const buffer_id c = create_with(c_in, sizeof c_in);
  wasi_gpu_ml_kernels_matmul_params_t params = {2, 3, 2, true, false, 2.0f, 0.5f};
  RUN(wasi_gpu_ml_kernels_kernel_matmul(&params, a, b, c, &error));
  float product[4];
  read_bytes(c, 0, product, sizeof product);
  const float expected[] = {2 * 4 + 5, 2 * 5 + 10, 2 * 10 + 15, 2 * 11 + 20};
  CHECK_NUMBERS(product, expected);
  DESTROY(a, b, c);
}

static void elementwise(void) {
  const float a_in[] = {-1, 0, 2};
  const float b_in[] = {10, 20, 30};
  buffer_id a = create_with(a_in, sizeof a_in);
  buffer_id b = create_with(b_in, sizeof b_in);
  const buffer_id output = create(12);
  float got[3];
  wasi_gpu_ml_kernels_elementwise_params_t unary = {3, WASI_GPU_ML_KERNELS_ELEMENTWISE_OP_RELU};
  RUN(wasi_gpu_ml_kernels_kernel_elementwise(&unary, a, NULL, output, &error));
  read_bytes(output, 0, got, sizeof got);
  const float relu[] = {0, 0, 2};
  CHECK_NUMBERS(got, relu);
  wasi_gpu_ml_kernels_elementwise_params_t binary = {3, WASI_GPU_ML_KERNELS_ELEMENTWISE_OP_ADD};
  RUN(wasi_gpu_ml_kernels_kernel_elementwise(&binary, a, &b, a, &error));  // in place
  read_bytes(a, 0, got, sizeof got);
  const float sum[] = {9, 20, 32};
  CHECK_NUMBERS(got, sum);
  DESTROY(a, b, output);
}

static void reduce(void) {
  const float input_in[] = {2, 4, 4, 4, 5, 5, 7, 9};
  const buffer_id input = create_with(input_in, sizeof input_in);
  const buffer_id output = create(4);
  wasi_gpu_ml_kernels_reduce_params_t params = {8, WASI_GPU_ML_KERNELS_REDUCE_OP_VARIANCE};
  RUN(wasi_gpu_ml_kernels_kernel_reduce(&params, input, output, &error));
  float got[1];
  read_bytes(output, 0, got, sizeof got);
  const float variance[] = {4};
  CHECK_NUMBERS(got, variance);
  DESTROY(input, output);
}

static void batch_predict(void) {
  // A tree with one split, and one that is a leaf.
  const struct node nodes[] = {{0, 0.5f, 1, 2}, {-1, 10, 0, 0}, {-1, 20, 0, 0}, {-1, 100, 0, 0}};
  const uint32_t offsets[] = {0, 3};
  const float rows[] = {0.5f, 0.75f, NAN};
  const buffer_id samples = create_with(rows, sizeof rows);
  const buffer_id trees = create_with(nodes, sizeof nodes);
  const buffer_id starts = create_with(offsets, sizeof offsets);
  const buffer_id output = create(12);
  wasi_gpu_ml_kernels_batch_predict_params_t params = {3, 1, 2, 1};
  RUN(wasi_gpu_ml_kernels_kernel_batch_predict(&params, samples, trees, starts, output, &error));
  float got[3];
  read_bytes(output, 0, got, sizeof got);
  const float means[] = {55, 60, 60};
  CHECK_NUMBERS(got, means);
  DESTROY(samples, trees, starts, output);
}

void check_kernels(void) {
  bootstrap_sample();
  find_split();
  average();
  matmul();
  elementwise();
  reduce();
  batch_predict();
}
