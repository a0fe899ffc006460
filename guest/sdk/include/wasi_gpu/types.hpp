// The types of wasi:gpu (wit/compute.wit, wit/ml-kernels.wit) in C++.
#pragma once

#include <cstdint>
#include <string>

namespace wasi_gpu {

using BufferId = std::uint32_t;  // ids start at 1

// Hints for the host; combine them with |.
enum class BufferUsage : std::uint32_t {
  map_read = 1u << 0,
  map_write = 1u << 1,
  copy_src = 1u << 2,
  copy_dst = 1u << 3,
  uniform = 1u << 4,
  storage = 1u << 5,
};

[[nodiscard]] constexpr BufferUsage operator|(BufferUsage a, BufferUsage b) {
  return static_cast<BufferUsage>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}

// What a buffer needs that kernels use and that is written and read.
inline constexpr BufferUsage kKernelBuffer = BufferUsage::storage | BufferUsage::copy_src | BufferUsage::copy_dst;

struct DeviceInfo {
  std::string name;
  std::string backend;             // cpu, cuda or webgpu
  std::uint64_t total_memory = 0;  // bytes
  bool is_hardware = false;
  std::string compute_capability;
};

struct BootstrapParams {
  std::uint32_t n_samples;
  std::uint32_t seed;
  std::uint32_t max_index;
};

struct FindSplitParams {
  std::uint32_t n_samples;  // entries of `indices` that belong to the node
  std::uint32_t n_features;
  std::uint32_t feature_idx;
  std::uint32_t n_thresholds;
};

struct AverageParams {
  std::uint32_t n_trees;
  std::uint32_t n_samples;
};

struct MatmulParams {
  std::uint32_t m;
  std::uint32_t k;
  std::uint32_t n;
  bool trans_a = false;
  bool trans_b = false;
  float alpha = 1.0F;
  float beta = 0.0F;
};

enum class ElementwiseOp : std::uint8_t { relu, sigmoid, tanh, add, mul, sqrt, exp, log };

struct ElementwiseParams {
  std::uint32_t n_elements;
  ElementwiseOp op;
};

enum class ReduceOp : std::uint8_t { sum, max, min, mean, variance };

struct ReduceParams {
  std::uint32_t n_elements;
  ReduceOp op;
};

struct BatchPredictParams {
  std::uint32_t batch_size;
  std::uint32_t n_features;
  std::uint32_t n_trees;
  std::uint32_t max_depth;  // at most this many edges are followed from a root
};

// A node as batch-predict reads it. Children are relative to the tree's root.
struct TreeNode {
  std::int32_t feature = -1;  // -1: a leaf
  float threshold = 0.0F;     // x <= threshold goes left; of a leaf: its value
  std::uint32_t left = 0;
  std::uint32_t right = 0;

  [[nodiscard]] constexpr bool is_leaf() const { return feature == -1; }
};
static_assert(sizeof(TreeNode) == 16);

}  // namespace wasi_gpu
