// forest_host_calls.hpp inside a module. Included by it.
#pragma once

#include <cstring>
#include <type_traits>

#include "wasi_gpu/detail/forest_abi.hpp"
#include "wasi_gpu/detail/forest_imports.hpp"
#include "wasi_gpu/detail/host_calls_wasm.hpp"
#include "wasi_gpu/forest_host_calls.hpp"

namespace wasi_gpu::detail {

// Copies a list that the host allocated and frees it.
template <class T>
std::vector<T> take_list(const RawList& raw) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::vector<T> values(raw.length);
  auto* block = reinterpret_cast<std::byte*>(raw.pointer);
  const std::size_t size = values.size() * sizeof(T);
  if (size != 0) std::memcpy(values.data(), block, size);
  release(read_destination, block, size);
  return values;
}

template <class T>
std::vector<std::optional<T>> take_options(const RawList& raw) {
  std::vector<std::optional<T>> values;
  values.reserve(raw.length);
  for (const auto& option : take_list<RawOption<T>>(raw)) values.push_back(option.get());
  return values;
}

// Calls an import whose result carries a number or a handle.
template <class Import, class... Args>
Result<std::uint32_t> call_for_number(Import import, Args... args) {
  RawResult raw{};
  import(args..., &raw);
  if (raw.is_error != 0) return std::unexpected(take_error(raw.error));
  return raw.id;
}

// Calls an import whose result carries a list, which `take` turns into a vector.
template <class Take, class Import, class... Args>
auto call_for_list(Take take, Import import, Args... args) -> Result<decltype(take(RawList()))> {
  RawResult raw{};
  import(args..., &raw);
  if (raw.is_error != 0) return std::unexpected(take_error(raw.error));
  return take(raw.list);
}

}  // namespace wasi_gpu::detail

namespace wasi_gpu::host_calls {

inline Result<forest::Handle> data_set_create(const forest::DataSetParams& params) {
  const detail::RawDataSetParams raw_params{
      .n_rows = params.n_rows,
      .features = {.pointer = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(params.features.data())),
                   .length = static_cast<std::uint32_t>(params.features.size())},
      .targets = params.targets,
      .n_classes = params.n_classes,
      .draw_weights = detail::RawOption(params.draw_weights),
      .criterion_weights = detail::RawOption(params.criterion_weights),
      .max_bins = params.max_bins,
      .fine_bins = params.fine_bins,
      .seed = params.seed};
  return detail::call_for_number(raw::wasi_gpu_data_set_create, &raw_params);
}

inline Result<std::vector<std::uint32_t>> data_set_constant_features(forest::Handle self) {
  return detail::call_for_list(detail::take_list<std::uint32_t>, raw::wasi_gpu_data_set_constant_features, self);
}

inline void data_set_drop(forest::Handle self) { raw::wasi_gpu_data_set_drop(self); }

inline Result<forest::Handle> growth_start(forest::Handle data, const forest::GrowthParams& params) {
  return detail::call_for_number(raw::wasi_gpu_growth_start, data, params.seed, params.n_trees, params.max_features,
                                 params.max_depth.has_value(), params.max_depth.value_or(0), params.min_samples_split,
                                 params.min_samples_leaf, params.min_weight_fraction_leaf, params.min_impurity_decrease,
                                 params.n_draws.has_value(), params.n_draws.value_or(0), params.balanced_subsample,
                                 params.out_of_bag, params.leaf_targets);
}

inline Result<std::uint32_t> growth_grow(forest::Handle self, std::uint32_t n_trees) {
  return detail::call_for_number(raw::wasi_gpu_growth_grow, self, n_trees);
}

inline Result<std::vector<forest::OpenNode>> growth_open_nodes(forest::Handle self, std::uint32_t n_trees) {
  return detail::call_for_list(detail::take_list<forest::OpenNode>, raw::wasi_gpu_growth_open_nodes, self, n_trees);
}

inline Result<std::vector<std::optional<forest::FoundSplit>>> growth_best_splits(forest::Handle self) {
  return detail::call_for_list(detail::take_options<forest::FoundSplit>, raw::wasi_gpu_growth_best_splits, self);
}

inline Result<std::vector<forest::ValueRange>> growth_value_ranges(forest::Handle self,
                                                                   std::span<const forest::NodeFeature> of) {
  return detail::call_for_list(detail::take_list<forest::ValueRange>, raw::wasi_gpu_growth_value_ranges, self,
                               of.data(), of.size());
}

inline Result<std::vector<std::optional<forest::FoundSplit>>> growth_evaluate(
    forest::Handle self, std::span<const forest::Candidate> candidates) {
  return detail::call_for_list(detail::take_options<forest::FoundSplit>, raw::wasi_gpu_growth_evaluate, self,
                               candidates.data(), candidates.size());
}

inline Result<void> growth_split_nodes(forest::Handle self, std::span<const forest::Decision> decisions) {
  std::vector<detail::RawDecision> raw_decisions;
  raw_decisions.reserve(decisions.size());
  for (const forest::Decision& decision : decisions) {
    raw_decisions.push_back({.node = decision.node, .split = detail::RawOption(decision.split)});
  }
  return detail::call(raw::wasi_gpu_growth_split_nodes, self, raw_decisions.data(), raw_decisions.size());
}

inline Result<void> growth_stop(forest::Handle self) { return detail::call(raw::wasi_gpu_growth_stop, self); }

inline Result<forest::Handle> growth_finish(forest::Handle self) {
  return detail::call_for_number(raw::wasi_gpu_growth_finish, self);
}

inline void growth_drop(forest::Handle self) { raw::wasi_gpu_growth_drop(self); }

inline Result<forest::Handle> model_create(const forest::ModelParams& params) {
  const forest::LeafValues leaf_values = params.leaf_values.value_or(forest::LeafValues());
  return detail::call_for_number(
      raw::wasi_gpu_model_create, params.n_features, static_cast<std::uint32_t>(params.leaves), params.n_outputs,
      params.average, params.base.data(), params.base.size(), params.tree_offsets.data(), params.tree_offsets.size(),
      params.tree_outputs.data(), params.tree_outputs.size(), params.nodes, params.nodes_offset,
      params.leaf_values.has_value(), leaf_values.buffer, leaf_values.offset);
}

inline Result<forest::Handle> model_unpack(BufferId from, std::uint64_t offset, std::uint64_t size) {
  return detail::call_for_number(raw::wasi_gpu_model_unpack, from, offset, size);
}

inline Result<std::uint64_t> model_packed_size(forest::Handle self, forest::PackedParts parts) {
  detail::RawSizeResult result{};
  raw::wasi_gpu_model_packed_size(self, static_cast<std::uint32_t>(parts), &result);
  if (result.is_error != 0) return std::unexpected(detail::take_error(result.error));
  return result.size;
}

inline Result<void> model_pack(forest::Handle self, forest::PackedParts parts, BufferId output, std::uint64_t offset) {
  return detail::call(raw::wasi_gpu_model_pack, self, static_cast<std::uint32_t>(parts), output, offset);
}

inline Result<void> model_predict(forest::Handle self, const forest::Table& rows, forest::Prediction what,
                                  BufferId output, std::uint64_t offset) {
  return detail::call(raw::wasi_gpu_model_predict, self, rows.n_rows, rows.features.data(), rows.features.size(),
                      static_cast<std::uint32_t>(what), output, offset);
}

inline Result<void> model_quantiles(forest::Handle self, const forest::Table& rows, std::span<const double> quantiles,
                                    BufferId output, std::uint64_t offset) {
  return detail::call(raw::wasi_gpu_model_quantiles, self, rows.n_rows, rows.features.data(), rows.features.size(),
                      quantiles.data(), quantiles.size(), output, offset);
}

inline Result<forest::ModelShape> model_shape(forest::Handle self) {
  detail::RawShapeResult result{};
  raw::wasi_gpu_model_shape(self, &result);
  if (result.is_error != 0) return std::unexpected(detail::take_error(result.error));
  return result.shape;
}

inline Result<std::vector<std::uint64_t>> model_tree_offsets(forest::Handle self) {
  return detail::call_for_list(detail::take_list<std::uint64_t>, raw::wasi_gpu_model_tree_offsets, self);
}

inline Result<void> model_write_nodes(forest::Handle self, std::uint64_t first, std::uint64_t n_nodes, BufferId output,
                                      std::uint64_t offset) {
  return detail::call(raw::wasi_gpu_model_write_nodes, self, first, n_nodes, output, offset);
}

inline Result<void> model_write_leaf_values(forest::Handle self, std::uint64_t first, std::uint64_t n_leaves,
                                            BufferId output, std::uint64_t offset) {
  return detail::call(raw::wasi_gpu_model_write_leaf_values, self, first, n_leaves, output, offset);
}

inline Result<std::vector<double>> model_importances(forest::Handle self) {
  return detail::call_for_list(detail::take_list<double>, raw::wasi_gpu_model_importances, self);
}

inline Result<void> model_write_out_of_bag(forest::Handle self, BufferId output, std::uint64_t offset) {
  return detail::call(raw::wasi_gpu_model_write_out_of_bag, self, output, offset);
}

inline void model_drop(forest::Handle self) { raw::wasi_gpu_model_drop(self); }

}  // namespace wasi_gpu::host_calls
