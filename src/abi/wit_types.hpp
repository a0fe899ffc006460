// The contract's own records, enums and flags (wit/) for lift and lower.
#pragma once

#include <string_view>
#include <tuple>
#include <type_traits>

#include "abi/layout.hpp"
#include "backend/backend.hpp"
#include "backend/forest_engine.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/forest.hpp"

namespace gpu_host::abi {

template <>
struct Flags<wasi_gpu::BufferUsage> : std::true_type {};

template <>
struct Cases<ElementwiseOp> {
  static constexpr std::string_view kName = "elementwise-op";
  static constexpr std::uint32_t kCount = kElementwiseOpCount;
};

template <>
struct Cases<ReduceOp> {
  static constexpr std::string_view kName = "reduce-op";
  static constexpr std::uint32_t kCount = kReduceOpCount;
};

template <>
struct Record<DeviceInfo> {
  static constexpr std::tuple kFields{&DeviceInfo::name, &DeviceInfo::backend, &DeviceInfo::total_memory,
                                      &DeviceInfo::is_hardware, &DeviceInfo::compute_capability};
};

template <>
struct Record<BootstrapParams> {
  static constexpr std::tuple kFields{&BootstrapParams::n_samples, &BootstrapParams::seed, &BootstrapParams::max_index};
};

template <>
struct Record<FindSplitParams> {
  static constexpr std::tuple kFields{&FindSplitParams::n_samples, &FindSplitParams::n_features,
                                      &FindSplitParams::feature_idx, &FindSplitParams::n_thresholds};
};

template <>
struct Record<AverageParams> {
  static constexpr std::tuple kFields{&AverageParams::n_trees, &AverageParams::n_samples};
};

template <>
struct Record<MatmulParams> {
  static constexpr std::tuple kFields{&MatmulParams::m,       &MatmulParams::k,       &MatmulParams::n,
                                      &MatmulParams::trans_a, &MatmulParams::trans_b, &MatmulParams::alpha,
                                      &MatmulParams::beta};
};

template <>
struct Record<ElementwiseParams> {
  static constexpr std::tuple kFields{&ElementwiseParams::n_elements, &ElementwiseParams::op};
};

template <>
struct Record<ReduceParams> {
  static constexpr std::tuple kFields{&ReduceParams::n_elements, &ReduceParams::op};
};

template <>
struct Record<BatchPredictParams> {
  static constexpr std::tuple kFields{&BatchPredictParams::batch_size, &BatchPredictParams::n_features,
                                      &BatchPredictParams::n_trees, &BatchPredictParams::max_depth};
};

template <>
struct Cases<ElementType> {
  static constexpr std::string_view kName = "element-type";
  static constexpr std::uint32_t kCount = kElementTypeCount;
};

template <>
struct Record<wasi_gpu::Columns> {
  using T = wasi_gpu::Columns;
  static constexpr std::tuple kFields{&T::buffer,     &T::element,       &T::offset,
                                      &T::row_stride, &T::column_stride, &T::n_columns};
};

template <>
struct Record<wasi_gpu::Numbers> {
  using T = wasi_gpu::Numbers;
  static constexpr std::tuple kFields{&T::buffer, &T::element, &T::offset, &T::stride};
};

template <>
struct Record<wasi_gpu::DataSetParams> {
  using T = wasi_gpu::DataSetParams;
  static constexpr std::tuple kFields{&T::n_rows,    &T::features,     &T::targets,
                                      &T::n_classes, &T::draw_weights, &T::criterion_weights,
                                      &T::max_bins,  &T::fine_bins,    &T::seed};
};

template <>
struct Record<wasi_gpu::GrowthParams> {
  using T = wasi_gpu::GrowthParams;
  static constexpr std::tuple kFields{&T::seed,
                                      &T::n_trees,
                                      &T::max_features,
                                      &T::max_depth,
                                      &T::min_samples_split,
                                      &T::min_samples_leaf,
                                      &T::min_weight_fraction_leaf,
                                      &T::min_impurity_decrease,
                                      &T::n_draws,
                                      &T::balanced_subsample,
                                      &T::out_of_bag,
                                      &T::leaf_targets};
};

template <>
struct Record<OpenNode> {
  static constexpr std::tuple kFields{&OpenNode::tree, &OpenNode::node,   &OpenNode::depth,
                                      &OpenNode::rows, &OpenNode::weight, &OpenNode::impurity};
};

template <>
struct Record<ForestSplit> {
  static constexpr std::tuple kFields{&ForestSplit::feature, &ForestSplit::threshold, &ForestSplit::missing_left};
};

template <>
struct Record<FoundSplit> {
  static constexpr std::tuple kFields{&FoundSplit::split, &FoundSplit::decrease, &FoundSplit::left_rows,
                                      &FoundSplit::left_weight};
};

template <>
struct Record<NodeFeature> {
  static constexpr std::tuple kFields{&NodeFeature::node, &NodeFeature::feature};
};

template <>
struct Record<ValueRange> {
  static constexpr std::tuple kFields{&ValueRange::low, &ValueRange::high, &ValueRange::missing};
};

template <>
struct Record<SplitCandidate> {
  static constexpr std::tuple kFields{&SplitCandidate::node, &SplitCandidate::split};
};

template <>
struct Record<SplitDecision> {
  static constexpr std::tuple kFields{&SplitDecision::node, &SplitDecision::split};
};

template <>
struct Cases<LeafKind> {
  static constexpr std::string_view kName = "leaf-kind";
  static constexpr std::uint32_t kCount = kLeafKindCount;
};

template <>
struct Cases<ForestPrediction> {
  static constexpr std::string_view kName = "prediction";
  static constexpr std::uint32_t kCount = kForestPredictionCount;
};

template <>
struct Flags<wasi_gpu::PartFlags> : std::true_type {};

template <>
struct Record<ForestShape> {
  using T = ForestShape;
  static constexpr std::tuple kFields{&T::n_trees,  &T::n_features,  &T::leaves,           &T::n_outputs, &T::n_nodes,
                                      &T::n_leaves, &T::has_weights, &T::has_leaf_targets, &T::numerics};
};

template <>
struct Record<wasi_gpu::LeafValues> {
  using T = wasi_gpu::LeafValues;
  static constexpr std::tuple kFields{&T::buffer, &T::offset};
};

template <>
struct Record<wasi_gpu::ModelParams> {
  using T = wasi_gpu::ModelParams;
  static constexpr std::tuple kFields{&T::n_features,   &T::leaves,       &T::n_outputs,    &T::average,
                                      &T::base,         &T::tree_offsets, &T::tree_outputs, &T::nodes,
                                      &T::nodes_offset, &T::leaf_values};
};

template <>
struct Record<wasi_gpu::Table> {
  using T = wasi_gpu::Table;
  static constexpr std::tuple kFields{&T::n_rows, &T::features};
};

// The layouts that modules in the field were built with (contract.md).
static_assert(Layout<GpuResult<void>>::kSize == 16);
static_assert(Layout<GpuResult<std::uint32_t>>::kSize == 16);
static_assert(Layout<GpuResult<GuestList>>::kSize == 16);
static_assert(Layout<GpuResult<void>>::kLegacySize == 8);
static_assert(Layout<GpuResult<GuestList>>::kLegacySize == 12);
static_assert(Layout<GpuResult<GuestList>>::kAlign == 4);
static_assert(Layout<DeviceInfo>::kSize == 40);
static_assert(Layout<DeviceInfo>::kAlign == 8);

}  // namespace gpu_host::abi
