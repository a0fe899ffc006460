// The kernels of wasi:gpu/ml-kernels on owned buffers. What each computes is in
// wit/ml-kernels.wit. Name the parameters where you call them:
//
//   wasi_gpu::matmul({.m = 2, .k = 3, .n = 4}, a, b, c)
#pragma once

#include "wasi_gpu/buffer.hpp"
#include "wasi_gpu/error.hpp"
#include "wasi_gpu/host_calls.hpp"
#include "wasi_gpu/types.hpp"

namespace wasi_gpu {

// output_indices: n_samples u32.
[[nodiscard]] inline Result<void> bootstrap_sample(const BootstrapParams& params, Buffer& output_indices) {
  return host_calls::kernel_bootstrap_sample(params, output_indices.id());
}

// data: rows × n_features f32; labels: one f32 a row; indices: n_samples u32;
// thresholds, output_scores: n_thresholds f32.
[[nodiscard]] inline Result<void> find_split(const FindSplitParams& params, const Buffer& data, const Buffer& labels,
                                             const Buffer& indices, const Buffer& thresholds, Buffer& output_scores) {
  return host_calls::kernel_find_split(params, data.id(), labels.id(), indices.id(), thresholds.id(),
                                       output_scores.id());
}

// tree_predictions: n_samples × n_trees f32; output: n_samples f32.
[[nodiscard]] inline Result<void> average(const AverageParams& params, const Buffer& tree_predictions, Buffer& output) {
  return host_calls::kernel_average(params, tree_predictions.id(), output.id());
}

// c (m × n) = alpha · op(a) · op(b) + beta · c.
[[nodiscard]] inline Result<void> matmul(const MatmulParams& params, const Buffer& a, const Buffer& b, Buffer& c) {
  return host_calls::kernel_matmul(params, a.id(), b.id(), c.id());
}

// relu, sigmoid, tanh, sqrt, exp, log. The output may be the input.
[[nodiscard]] inline Result<void> elementwise(const ElementwiseParams& params, const Buffer& input, Buffer& output) {
  return host_calls::kernel_elementwise(params, input.id(), std::nullopt, output.id());
}

// add, mul. The output may be an input.
[[nodiscard]] inline Result<void> elementwise(const ElementwiseParams& params, const Buffer& input_a,
                                              const Buffer& input_b, Buffer& output) {
  return host_calls::kernel_elementwise(params, input_a.id(), input_b.id(), output.id());
}

// output: one f32.
[[nodiscard]] inline Result<void> reduce(const ReduceParams& params, const Buffer& input, Buffer& output) {
  return host_calls::kernel_reduce(params, input.id(), output.id());
}

// samples: batch_size × n_features f32; tree_nodes: TreeNode; tree_offsets:
// n_trees u32; output: batch_size f32.
[[nodiscard]] inline Result<void> batch_predict(const BatchPredictParams& params, const Buffer& samples,
                                                const Buffer& tree_nodes, const Buffer& tree_offsets, Buffer& output) {
  return host_calls::kernel_batch_predict(params, samples.id(), tree_nodes.id(), tree_offsets.id(), output.id());
}

}  // namespace wasi_gpu
