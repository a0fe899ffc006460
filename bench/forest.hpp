// A forest for batch-predict, as it lies in buffers.
#pragma once

#include <cstdint>
#include <filesystem>

#include "array.hpp"

namespace gpu_host::bench {

// As wit/ml-kernels.wit has it.
struct Node {
  std::int32_t feature;  // -1: leaf
  float threshold;       // of a leaf: its value
  std::uint32_t left;
  std::uint32_t right;
};

struct Forest {
  std::uint32_t n_features;
  Array<Node> nodes;
  Array<std::uint32_t> offsets;  // of the trees in the nodes
  Array<float> rows;             // to predict
};

// Full trees of this depth over rows of numbers between 0 and 1. Every leaf can
// be reached.
[[nodiscard]] Forest make_forest(std::uint32_t n_trees, std::uint32_t depth, std::uint32_t n_rows,
                                 std::uint32_t n_features);

// What onnx_peer.py reads, little endian: u32 trees, features, rows, nodes; then
// offsets, nodes and rows as they are.
void write_forest(const Forest& forest, const std::filesystem::path& file);

}  // namespace gpu_host::bench
