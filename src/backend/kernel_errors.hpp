// What kernels say of data that they refuse: the same on every backend.
#pragma once

#include <cstdint>

#include "backend/gpu_error.hpp"

namespace gpu_host::kernel_errors {

// find_split: indices[position] = index.
[[nodiscard]] GpuError bad_row(std::uint64_t position, std::uint32_t index, std::uint64_t n_rows);

// batch_predict: tree-offsets[tree] = offset.
[[nodiscard]] GpuError bad_offset(std::uint64_t tree, std::uint32_t offset, std::uint64_t n_nodes);

// The others are of tree-nodes[position], in the tree that starts at `root`, from which
// on there are `n_nodes`.
[[nodiscard]] GpuError bad_feature(std::uint64_t position, std::int32_t feature, std::uint32_t n_features);
[[nodiscard]] GpuError bad_left(std::uint64_t position, std::uint32_t child, std::uint64_t root, std::uint64_t n_nodes);
[[nodiscard]] GpuError bad_right(std::uint64_t position, std::uint32_t child, std::uint64_t root,
                                 std::uint64_t n_nodes);
[[nodiscard]] GpuError no_leaf(std::uint64_t position, std::uint32_t max_depth, std::uint64_t root);

}  // namespace gpu_host::kernel_errors
