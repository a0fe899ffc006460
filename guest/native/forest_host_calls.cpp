// The bindings' forest_host_calls.hpp over the host's own library, as host_calls.cpp has the other interfaces.
#include "wasi_gpu/forest_host_calls.hpp"

#include <atomic>
#include <cstdlib>
#include <utility>

#include "../../src/wasi_gpu/forest.hpp"  // the bindings have a header of this name too
#include "native/native_host.hpp"
#include "native/session.hpp"

namespace wasi_gpu::native {
namespace {

std::atomic<bool> refused = false;

}  // namespace

void refuse_forests(bool refuse) { refused = refuse; }

}  // namespace wasi_gpu::native

namespace wasi_gpu::host_calls {
namespace {

namespace host = gpu_host::wasi_gpu;
using native::session;
using native::translated;

template <class To, class From>
std::vector<To> each(const std::vector<From>& values, To (*convert)(const From&)) {
  std::vector<To> converted;
  converted.reserve(values.size());
  for (const From& value : values) converted.push_back(convert(value));
  return converted;
}

template <class To, class From>
Result<std::vector<To>> each_of(gpu_host::GpuResult<std::vector<From>> values, To (*convert)(const From&)) {
  if (!values) return translated(std::move(values.error()));
  return each(*values, convert);
}

host::Columns to_host(const forest::Columns& columns) {
  return {.buffer = columns.buffer,
          .element = static_cast<gpu_host::ElementType>(columns.element),
          .offset = columns.offset,
          .row_stride = columns.row_stride,
          .column_stride = columns.column_stride,
          .n_columns = columns.n_columns};
}

host::Numbers to_host(const forest::Numbers& numbers) {
  return {.buffer = numbers.buffer,
          .element = static_cast<gpu_host::ElementType>(numbers.element),
          .offset = numbers.offset,
          .stride = numbers.stride};
}

host::LeafValues to_host(const forest::LeafValues& values) {
  return {.buffer = values.buffer, .offset = values.offset};
}

host::Table to_host(const forest::Table& rows) {
  return {.n_rows = rows.n_rows, .features = each<host::Columns, forest::Columns>(rows.features, to_host)};
}

gpu_host::ForestSplit to_host(const forest::Split& split) {
  return {.feature = split.feature, .threshold = split.threshold, .missing_left = split.missing_left};
}

template <class T>
auto to_host(const std::optional<T>& option) -> std::optional<decltype(to_host(*option))> {
  if (!option) return std::nullopt;
  return to_host(*option);
}

forest::OpenNode to_guest(const gpu_host::OpenNode& node) {
  return {.tree = node.tree,
          .node = node.node,
          .depth = node.depth,
          .rows = node.rows,
          .weight = node.weight,
          .impurity = node.impurity};
}

forest::ValueRange to_guest(const gpu_host::ValueRange& range) {
  return {.low = range.low, .high = range.high, .missing = range.missing};
}

std::optional<forest::FoundSplit> to_guest(const std::optional<gpu_host::FoundSplit>& found) {
  if (!found) return std::nullopt;
  return forest::FoundSplit{.split = {.feature = found->split.feature,
                                      .threshold = found->split.threshold,
                                      .missing_left = found->split.missing_left},
                            .decrease = found->decrease,
                            .left_rows = found->left_rows,
                            .left_weight = found->left_weight};
}

// A guest traps where it drops what is not its own; the bindings never do.
void check_dropped(bool dropped) {
  if (!dropped) std::abort();
}

}  // namespace

Result<forest::Handle> data_set_create(const forest::DataSetParams& params) {
  if (native::refused) return std::unexpected(Error{ErrorCode::device_unavailable, {}});
  return translated(
      host::data_set_create(session(), {.n_rows = params.n_rows,
                                        .features = each<host::Columns, forest::Columns>(params.features, to_host),
                                        .targets = to_host(params.targets),
                                        .n_classes = params.n_classes,
                                        .draw_weights = to_host(params.draw_weights),
                                        .criterion_weights = to_host(params.criterion_weights),
                                        .max_bins = params.max_bins,
                                        .fine_bins = params.fine_bins,
                                        .seed = params.seed}));
}

Result<std::vector<std::uint32_t>> data_set_constant_features(forest::Handle self) {
  return translated(host::data_set_constant_features(session(), self));
}

void data_set_drop(forest::Handle self) { check_dropped(host::data_set_drop(session(), self)); }

Result<forest::Handle> growth_start(forest::Handle data, const forest::GrowthParams& params) {
  return translated(host::growth_start(session(), data,
                                       {.seed = params.seed,
                                        .n_trees = params.n_trees,
                                        .max_features = params.max_features,
                                        .max_depth = params.max_depth,
                                        .min_samples_split = params.min_samples_split,
                                        .min_samples_leaf = params.min_samples_leaf,
                                        .min_weight_fraction_leaf = params.min_weight_fraction_leaf,
                                        .min_impurity_decrease = params.min_impurity_decrease,
                                        .n_draws = params.n_draws,
                                        .balanced_subsample = params.balanced_subsample,
                                        .out_of_bag = params.out_of_bag,
                                        .leaf_targets = params.leaf_targets}));
}

Result<std::uint32_t> growth_grow(forest::Handle self, std::uint32_t n_trees) {
  return translated(host::growth_grow(session(), self, n_trees));
}

Result<std::vector<forest::OpenNode>> growth_open_nodes(forest::Handle self, std::uint32_t n_trees) {
  return each_of<forest::OpenNode>(host::growth_open_nodes(session(), self, n_trees), to_guest);
}

Result<std::vector<std::optional<forest::FoundSplit>>> growth_best_splits(forest::Handle self) {
  return each_of<std::optional<forest::FoundSplit>>(host::growth_best_splits(session(), self), to_guest);
}

Result<std::vector<forest::ValueRange>> growth_value_ranges(forest::Handle self,
                                                            std::span<const forest::NodeFeature> of) {
  std::vector<gpu_host::NodeFeature> pairs;
  pairs.reserve(of.size());
  for (const forest::NodeFeature& pair : of) pairs.push_back({.node = pair.node, .feature = pair.feature});
  return each_of<forest::ValueRange>(host::growth_value_ranges(session(), self, pairs), to_guest);
}

Result<std::vector<std::optional<forest::FoundSplit>>> growth_evaluate(forest::Handle self,
                                                                       std::span<const forest::Candidate> candidates) {
  std::vector<gpu_host::SplitCandidate> splits;
  splits.reserve(candidates.size());
  for (const auto& candidate : candidates)
    splits.push_back({.node = candidate.node, .split = to_host(candidate.split)});
  return each_of<std::optional<forest::FoundSplit>>(host::growth_evaluate(session(), self, splits), to_guest);
}

Result<void> growth_split_nodes(forest::Handle self, std::span<const forest::Decision> decisions) {
  std::vector<gpu_host::SplitDecision> splits;
  splits.reserve(decisions.size());
  for (const auto& decision : decisions) splits.push_back({.node = decision.node, .split = to_host(decision.split)});
  return translated(host::growth_split_nodes(session(), self, splits));
}

Result<void> growth_stop(forest::Handle self) { return translated(host::growth_stop(session(), self)); }

Result<forest::Handle> growth_finish(forest::Handle self) { return translated(host::growth_finish(session(), self)); }

void growth_drop(forest::Handle self) { check_dropped(host::growth_drop(session(), self)); }

Result<forest::Handle> model_create(const forest::ModelParams& params) {
  if (native::refused) return std::unexpected(Error{ErrorCode::device_unavailable, {}});
  return translated(host::model_create(session(), {.n_features = params.n_features,
                                                   .leaves = static_cast<gpu_host::LeafKind>(params.leaves),
                                                   .n_outputs = params.n_outputs,
                                                   .average = params.average,
                                                   .base = params.base,
                                                   .tree_offsets = params.tree_offsets,
                                                   .tree_outputs = params.tree_outputs,
                                                   .nodes = params.nodes,
                                                   .nodes_offset = params.nodes_offset,
                                                   .leaf_values = to_host(params.leaf_values)}));
}

Result<forest::Handle> model_unpack(BufferId from, std::uint64_t offset, std::uint64_t size) {
  if (native::refused) return std::unexpected(Error{ErrorCode::device_unavailable, {}});
  return translated(host::model_unpack(session(), from, offset, size));
}

Result<std::uint64_t> model_packed_size(forest::Handle self, forest::PackedParts parts) {
  return translated(host::model_packed_size(session(), self, static_cast<host::PartFlags>(parts)));
}

Result<void> model_pack(forest::Handle self, forest::PackedParts parts, BufferId output, std::uint64_t offset) {
  return translated(host::model_pack(session(), self, static_cast<host::PartFlags>(parts), output, offset));
}

Result<void> model_predict(forest::Handle self, const forest::Table& rows, forest::Prediction what, BufferId output,
                           std::uint64_t offset) {
  return translated(host::model_predict(session(), self, to_host(rows), static_cast<gpu_host::ForestPrediction>(what),
                                        output, offset));
}

Result<void> model_quantiles(forest::Handle self, const forest::Table& rows, std::span<const double> quantiles,
                             BufferId output, std::uint64_t offset) {
  return translated(
      host::model_quantiles(session(), self, to_host(rows), {quantiles.begin(), quantiles.end()}, output, offset));
}

Result<forest::ModelShape> model_shape(forest::Handle self) {
  const auto shape = host::model_shape(session(), self);
  if (!shape) return translated(shape.error());
  return forest::ModelShape{.n_trees = shape->n_trees,
                            .n_features = shape->n_features,
                            .leaves = static_cast<forest::LeafKind>(shape->leaves),
                            .n_outputs = shape->n_outputs,
                            .n_nodes = shape->n_nodes,
                            .n_leaves = shape->n_leaves,
                            .has_weights = shape->has_weights,
                            .has_leaf_targets = shape->has_leaf_targets,
                            .numerics = shape->numerics};
}

Result<std::vector<std::uint64_t>> model_tree_offsets(forest::Handle self) {
  return translated(host::model_tree_offsets(session(), self));
}

Result<void> model_write_nodes(forest::Handle self, std::uint64_t first, std::uint64_t n_nodes, BufferId output,
                               std::uint64_t offset) {
  return translated(host::model_write_nodes(session(), self, first, n_nodes, output, offset));
}

Result<void> model_write_leaf_values(forest::Handle self, std::uint64_t first, std::uint64_t n_leaves, BufferId output,
                                     std::uint64_t offset) {
  return translated(host::model_write_leaf_values(session(), self, first, n_leaves, output, offset));
}

Result<std::vector<double>> model_importances(forest::Handle self) {
  return translated(host::model_importances(session(), self));
}

Result<void> model_write_out_of_bag(forest::Handle self, BufferId output, std::uint64_t offset) {
  return translated(host::model_write_out_of_bag(session(), self, output, offset));
}

void model_drop(forest::Handle self) { check_dropped(host::model_drop(session(), self)); }

}  // namespace wasi_gpu::host_calls
