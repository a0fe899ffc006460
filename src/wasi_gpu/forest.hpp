// wasi:gpu/forest as ordinary functions; semantics in wit/0.2.0/forest.wit.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "backend/forest_engine.hpp"
#include "wasi_gpu/session.hpp"

namespace gpu_host::wasi_gpu {

// A live resource of the session: 1, 2, 3, … of all kinds together, never used twice.
using ResourceHandle = std::uint32_t;

struct Columns {
  BufferId buffer = 0;
  ElementType element = ElementType::float32;
  std::uint64_t offset = 0;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 0;
  std::uint32_t n_columns = 0;
};

struct Numbers {
  BufferId buffer = 0;
  ElementType element = ElementType::float32;
  std::uint64_t offset = 0;
  std::int64_t stride = 0;
};

struct DataSetParams {
  std::uint32_t n_rows = 0;
  std::vector<Columns> features;
  Numbers targets;
  std::uint32_t n_classes = 0;
  std::optional<Numbers> draw_weights;
  std::optional<Numbers> criterion_weights;
  std::uint32_t max_bins = 0;
  bool fine_bins = false;
  std::uint64_t seed = 0;
};

struct GrowthParams {
  std::uint64_t seed = 0;
  std::uint32_t n_trees = 0;
  std::uint32_t max_features = 0;
  std::optional<std::uint32_t> max_depth;
  std::uint32_t min_samples_split = 0;
  std::uint32_t min_samples_leaf = 0;
  double min_weight_fraction_leaf = 0;
  double min_impurity_decrease = 0;
  std::optional<std::uint32_t> n_draws;
  bool balanced_subsample = false;
  bool out_of_bag = false;
  bool leaf_targets = false;
};

struct LeafValues {
  BufferId buffer = 0;
  std::uint64_t offset = 0;
};

struct ModelParams {
  std::uint32_t n_features = 0;
  LeafKind leaves = LeafKind::number;
  std::uint32_t n_outputs = 0;
  bool average = false;
  std::vector<double> base;
  std::vector<std::uint64_t> tree_offsets;
  std::vector<std::uint32_t> tree_outputs;
  BufferId nodes = 0;
  std::uint64_t nodes_offset = 0;
  std::optional<LeafValues> leaf_values;
};

// Bits 0 and 1: weights, leaf-targets.
enum class PartFlags : std::uint32_t {};

struct Table {
  std::uint32_t n_rows = 0;
  std::vector<Columns> features;
};

[[nodiscard]] GpuResult<ResourceHandle> data_set_create(Session& session, const DataSetParams& params);
[[nodiscard]] GpuResult<std::vector<std::uint32_t>> data_set_constant_features(Session& session, ResourceHandle self);

[[nodiscard]] GpuResult<ResourceHandle> growth_start(Session& session, ResourceHandle data, const GrowthParams& params);
[[nodiscard]] GpuResult<std::uint32_t> growth_grow(Session& session, ResourceHandle self, std::uint32_t n_trees);
[[nodiscard]] GpuResult<std::vector<OpenNode>> growth_open_nodes(Session& session, ResourceHandle self,
                                                                 std::uint32_t n_trees);
[[nodiscard]] GpuResult<std::vector<std::optional<FoundSplit>>> growth_best_splits(Session& session,
                                                                                   ResourceHandle self);
[[nodiscard]] GpuResult<std::vector<ValueRange>> growth_value_ranges(Session& session, ResourceHandle self,
                                                                     const std::vector<NodeFeature>& of);
[[nodiscard]] GpuResult<std::vector<std::optional<FoundSplit>>> growth_evaluate(
    Session& session, ResourceHandle self, const std::vector<SplitCandidate>& candidates);
[[nodiscard]] GpuResult<void> growth_split_nodes(Session& session, ResourceHandle self,
                                                 const std::vector<SplitDecision>& decisions);
[[nodiscard]] GpuResult<void> growth_stop(Session& session, ResourceHandle self);
[[nodiscard]] GpuResult<ResourceHandle> growth_finish(Session& session, ResourceHandle self);

[[nodiscard]] GpuResult<ResourceHandle> model_create(Session& session, ModelParams params);
[[nodiscard]] GpuResult<ResourceHandle> model_unpack(Session& session, BufferId from, std::uint64_t offset,
                                                     std::uint64_t size);
[[nodiscard]] GpuResult<std::uint64_t> model_packed_size(Session& session, ResourceHandle self, PartFlags parts);
[[nodiscard]] GpuResult<void> model_pack(Session& session, ResourceHandle self, PartFlags parts, BufferId output,
                                         std::uint64_t offset);
[[nodiscard]] GpuResult<void> model_predict(Session& session, ResourceHandle self, const Table& rows,
                                            ForestPrediction what, BufferId output, std::uint64_t offset);
[[nodiscard]] GpuResult<void> model_quantiles(Session& session, ResourceHandle self, const Table& rows,
                                              const std::vector<double>& quantiles, BufferId output,
                                              std::uint64_t offset);
[[nodiscard]] GpuResult<ForestShape> model_shape(Session& session, ResourceHandle self);
[[nodiscard]] GpuResult<std::vector<std::uint64_t>> model_tree_offsets(Session& session, ResourceHandle self);
[[nodiscard]] GpuResult<void> model_write_nodes(Session& session, ResourceHandle self, std::uint64_t first,
                                                std::uint64_t n_nodes, BufferId output, std::uint64_t offset);
[[nodiscard]] GpuResult<void> model_write_leaf_values(Session& session, ResourceHandle self, std::uint64_t first,
                                                      std::uint64_t n_leaves, BufferId output, std::uint64_t offset);
[[nodiscard]] GpuResult<std::vector<double>> model_importances(Session& session, ResourceHandle self);
[[nodiscard]] GpuResult<void> model_write_out_of_bag(Session& session, ResourceHandle self, BufferId output,
                                                     std::uint64_t offset);

// False where the handle is not a live resource of that kind: the guest then traps.
[[nodiscard]] bool data_set_drop(Session& session, ResourceHandle handle);
[[nodiscard]] bool growth_drop(Session& session, ResourceHandle handle);
[[nodiscard]] bool model_drop(Session& session, ResourceHandle handle);

}  // namespace gpu_host::wasi_gpu
