#include "wasi_gpu/ml_kernels.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "wasi_gpu/arguments.hpp"

namespace gpu_host::wasi_gpu {

GpuResult<void> kernel_bootstrap_sample(Session& session, BootstrapParams params, BufferId output_indices) {
  Arguments arguments(session);
  arguments.require(params.max_index > 0, [] { return "max-index: must not be 0"; });
  Buffer* output = arguments.output(output_indices, "output-indices", params.n_samples, {});
  if (!arguments) return arguments.error();
  return arguments.stream().bootstrap_sample(params, *output);
}

GpuResult<void> kernel_find_split(Session& session, FindSplitParams params, BufferId data, BufferId labels,
                                  BufferId indices, BufferId thresholds, BufferId output_scores) {
  Arguments arguments(session);
  arguments.require(params.feature_idx < params.n_features, [&] {
    return fmt::format("feature-idx: {} is not below n-features {}", params.feature_idx, params.n_features);
  });
  const Buffer* data_buffer = arguments.buffer(data, "data");
  const Buffer* label_buffer = arguments.buffer(labels, "labels");
  const Buffer* index_buffer = arguments.input(indices, "indices", params.n_samples);
  const Buffer* threshold_buffer = arguments.input(thresholds, "thresholds", params.n_thresholds);
  Buffer* output = arguments.output(output_scores, "output-scores", params.n_thresholds,
                                    {data_buffer, label_buffer, index_buffer, threshold_buffer});
  if (!arguments) return arguments.error();
  const std::uint64_t row_bytes = std::uint64_t{params.n_features} * sizeof(float);
  const std::uint64_t n_rows = std::min(data_buffer->size() / row_bytes, label_buffer->size() / sizeof(float));
  return arguments.stream().find_split(params, n_rows, *data_buffer, *label_buffer, *index_buffer, *threshold_buffer,
                                       *output);
}

GpuResult<void> kernel_average(Session& session, AverageParams params, BufferId tree_predictions, BufferId output) {
  Arguments arguments(session);
  arguments.require(params.n_trees > 0, [] { return "n-trees: must not be 0"; });
  const Buffer* predictions =
      arguments.input(tree_predictions, "tree-predictions", saturating_product({params.n_samples, params.n_trees}));
  Buffer* means = arguments.output(output, "output", params.n_samples, {predictions});
  if (!arguments) return arguments.error();
  return arguments.stream().average(params, *predictions, *means);
}

GpuResult<void> kernel_matmul(Session& session, MatmulParams params, BufferId a, BufferId b, BufferId c) {
  Arguments arguments(session);
  const Buffer* left = arguments.input(a, "a", saturating_product({params.m, params.k}));
  const Buffer* right = arguments.input(b, "b", saturating_product({params.k, params.n}));
  Buffer* product = arguments.output(c, "c", saturating_product({params.m, params.n}), {left, right});
  if (!arguments) return arguments.error();
  return arguments.stream().matmul(params, *left, *right, *product);
}

GpuResult<void> kernel_elementwise(Session& session, ElementwiseParams params, BufferId input_a,
                                   std::optional<BufferId> input_b, BufferId output) {
  Arguments arguments(session);
  const bool binary = is_binary(params.op);
  arguments.require(!binary || input_b.has_value(), [] { return "input-b: add and mul need it"; });
  const Buffer* left = arguments.input(input_a, "input-a", params.n_elements);
  const Buffer* right = binary && input_b ? arguments.input(*input_b, "input-b", params.n_elements) : nullptr;
  Buffer* result = arguments.output(output, "output", params.n_elements, {});
  if (!arguments) return arguments.error();
  return arguments.stream().elementwise(params, *left, right, *result);
}

GpuResult<void> kernel_reduce(Session& session, ReduceParams params, BufferId input, BufferId output) {
  Arguments arguments(session);
  arguments.require(params.n_elements > 0 || params.op == ReduceOp::sum,
                    [] { return "n-elements: only sum reduces nothing"; });
  const Buffer* values = arguments.input(input, "input", params.n_elements);
  Buffer* result = arguments.output(output, "output", 1, {values});
  if (!arguments) return arguments.error();
  return arguments.stream().reduce(params, *values, *result);
}

GpuResult<void> kernel_batch_predict(Session& session, BatchPredictParams params, BufferId samples, BufferId tree_nodes,
                                     BufferId tree_offsets, BufferId output) {
  Arguments arguments(session);
  arguments.require(params.n_trees > 0, [] { return "n-trees: must not be 0"; });
  const Buffer* rows = arguments.input(samples, "samples", saturating_product({params.batch_size, params.n_features}));
  const Buffer* nodes = arguments.buffer(tree_nodes, "tree-nodes");
  const Buffer* offsets = arguments.input(tree_offsets, "tree-offsets", params.n_trees);
  Buffer* means = arguments.output(output, "output", params.batch_size, {rows, nodes, offsets});
  if (!arguments) return arguments.error();
  return arguments.stream().batch_predict(params, *rows, *nodes, *offsets, *means);
}

}  // namespace gpu_host::wasi_gpu
