// One typed function for each function of wasi:gpu/forest, as host_calls.hpp has them for the other interfaces. A
// module that uses it defines WASI_GPU_FOREST for all its sources (in CMake: wasi_gpu_module's FOREST): it then imports
// all interfaces as they are in 0.2.0.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wasi_gpu/error.hpp"
#include "wasi_gpu/forest_types.hpp"

#if defined(__wasm__) && !defined(WASI_GPU_FOREST)
#error "a module that grows forests is built with WASI_GPU_FOREST defined, in all its sources"
#endif

namespace wasi_gpu::host_calls {

[[nodiscard]] Result<forest::Handle> data_set_create(const forest::DataSetParams& params);
[[nodiscard]] Result<std::vector<std::uint32_t>> data_set_constant_features(forest::Handle self);
void data_set_drop(forest::Handle self);

[[nodiscard]] Result<forest::Handle> growth_start(forest::Handle data, const forest::GrowthParams& params);
[[nodiscard]] Result<std::uint32_t> growth_grow(forest::Handle self, std::uint32_t n_trees);
[[nodiscard]] Result<std::vector<forest::OpenNode>> growth_open_nodes(forest::Handle self, std::uint32_t n_trees);
[[nodiscard]] Result<std::vector<std::optional<forest::FoundSplit>>> growth_best_splits(forest::Handle self);
[[nodiscard]] Result<std::vector<forest::ValueRange>> growth_value_ranges(forest::Handle self,
                                                                          std::span<const forest::NodeFeature> of);
[[nodiscard]] Result<std::vector<std::optional<forest::FoundSplit>>> growth_evaluate(
    forest::Handle self, std::span<const forest::Candidate> candidates);
[[nodiscard]] Result<void> growth_split_nodes(forest::Handle self, std::span<const forest::Decision> decisions);
[[nodiscard]] Result<void> growth_stop(forest::Handle self);
[[nodiscard]] Result<forest::Handle> growth_finish(forest::Handle self);
void growth_drop(forest::Handle self);

[[nodiscard]] Result<forest::Handle> model_create(const forest::ModelParams& params);
[[nodiscard]] Result<forest::Handle> model_unpack(BufferId from, std::uint64_t offset, std::uint64_t size);
[[nodiscard]] Result<std::uint64_t> model_packed_size(forest::Handle self, forest::PackedParts parts);
[[nodiscard]] Result<void> model_pack(forest::Handle self, forest::PackedParts parts, BufferId output,
                                      std::uint64_t offset);
[[nodiscard]] Result<void> model_predict(forest::Handle self, const forest::Table& rows, forest::Prediction what,
                                         BufferId output, std::uint64_t offset);
[[nodiscard]] Result<void> model_quantiles(forest::Handle self, const forest::Table& rows,
                                           std::span<const double> quantiles, BufferId output, std::uint64_t offset);
[[nodiscard]] Result<forest::ModelShape> model_shape(forest::Handle self);
[[nodiscard]] Result<std::vector<std::uint64_t>> model_tree_offsets(forest::Handle self);
[[nodiscard]] Result<void> model_write_nodes(forest::Handle self, std::uint64_t first, std::uint64_t n_nodes,
                                             BufferId output, std::uint64_t offset);
[[nodiscard]] Result<void> model_write_leaf_values(forest::Handle self, std::uint64_t first, std::uint64_t n_leaves,
                                                   BufferId output, std::uint64_t offset);
[[nodiscard]] Result<std::vector<double>> model_importances(forest::Handle self);
[[nodiscard]] Result<void> model_write_out_of_bag(forest::Handle self, BufferId output, std::uint64_t offset);
void model_drop(forest::Handle self);

}  // namespace wasi_gpu::host_calls

#if defined(__wasm__)
#include "wasi_gpu/detail/forest_host_calls_wasm.hpp"
#endif
