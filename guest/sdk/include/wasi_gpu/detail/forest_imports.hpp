// wasi:gpu/forest as a core module imports it, as imports.hpp has the other interfaces.
#pragma once

#include <cstdint>

#include "wasi_gpu/detail/forest_abi.hpp"

namespace wasi_gpu::detail::imports {

using u32 = std::uint32_t;
using u64 = std::uint64_t;

#define WASI_GPU_FOREST_IMPORT(name) __attribute__((import_module("wasi:gpu/forest@0.2.0"), import_name(name)))

extern "C" {

WASI_GPU_FOREST_IMPORT("[static]data-set.create")
void wasi_gpu_data_set_create(const RawDataSetParams* params, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]data-set.constant-features")
void wasi_gpu_data_set_constant_features(u32 self, RawResult* result);
WASI_GPU_FOREST_IMPORT("[resource-drop]data-set")
void wasi_gpu_data_set_drop(u32 self);

WASI_GPU_FOREST_IMPORT("[static]growth.start")
void wasi_gpu_growth_start(u32 data, u64 seed, u32 n_trees, u32 max_features, u32 has_max_depth, u32 max_depth,
                           u32 min_samples_split, u32 min_samples_leaf, double min_weight_fraction_leaf,
                           double min_impurity_decrease, u32 has_n_draws, u32 n_draws, u32 balanced_subsample,
                           u32 out_of_bag, u32 leaf_targets, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]growth.grow")
void wasi_gpu_growth_grow(u32 self, u32 n_trees, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]growth.open-nodes")
void wasi_gpu_growth_open_nodes(u32 self, u32 n_trees, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]growth.best-splits")
void wasi_gpu_growth_best_splits(u32 self, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]growth.value-ranges")
void wasi_gpu_growth_value_ranges(u32 self, const void* of, u32 length, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]growth.evaluate")
void wasi_gpu_growth_evaluate(u32 self, const void* candidates, u32 length, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]growth.split-nodes")
void wasi_gpu_growth_split_nodes(u32 self, const void* decisions, u32 length, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]growth.stop")
void wasi_gpu_growth_stop(u32 self, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]growth.finish")
void wasi_gpu_growth_finish(u32 self, RawResult* result);
WASI_GPU_FOREST_IMPORT("[resource-drop]growth")
void wasi_gpu_growth_drop(u32 self);

WASI_GPU_FOREST_IMPORT("[static]model.create")
void wasi_gpu_model_create(u32 n_features, u32 leaves, u32 n_outputs, u32 average, const void* base, u32 n_base,
                           const void* tree_offsets, u32 n_tree_offsets, const void* tree_outputs, u32 n_tree_outputs,
                           u32 nodes, u64 nodes_offset, u32 has_leaf_values, u32 leaf_values, u64 leaf_values_offset,
                           RawResult* result);
WASI_GPU_FOREST_IMPORT("[static]model.unpack")
void wasi_gpu_model_unpack(u32 from, u64 offset, u64 size, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.packed-size")
void wasi_gpu_model_packed_size(u32 self, u32 parts, RawSizeResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.pack")
void wasi_gpu_model_pack(u32 self, u32 parts, u32 output, u64 offset, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.predict")
void wasi_gpu_model_predict(u32 self, u32 n_rows, const void* features, u32 n_features, u32 what, u32 output,
                            u64 offset, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.quantiles")
void wasi_gpu_model_quantiles(u32 self, u32 n_rows, const void* features, u32 n_features, const void* quantiles,
                              u32 n_quantiles, u32 output, u64 offset, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.shape")
void wasi_gpu_model_shape(u32 self, RawShapeResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.tree-offsets")
void wasi_gpu_model_tree_offsets(u32 self, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.write-nodes")
void wasi_gpu_model_write_nodes(u32 self, u64 first, u64 n_nodes, u32 output, u64 offset, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.write-leaf-values")
void wasi_gpu_model_write_leaf_values(u32 self, u64 first, u64 n_leaves, u32 output, u64 offset, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.importances")
void wasi_gpu_model_importances(u32 self, RawResult* result);
WASI_GPU_FOREST_IMPORT("[method]model.write-out-of-bag")
void wasi_gpu_model_write_out_of_bag(u32 self, u32 output, u64 offset, RawResult* result);
WASI_GPU_FOREST_IMPORT("[resource-drop]model")
void wasi_gpu_model_drop(u32 self);

}  // extern "C"

#undef WASI_GPU_FOREST_IMPORT

}  // namespace wasi_gpu::detail::imports
