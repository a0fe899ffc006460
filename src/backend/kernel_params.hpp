// The parameter records of wasi:gpu/ml-kernels (wit/ml-kernels.wit). Counts
// are u32; their products overflow 32 bits, so multiply in 64.
#pragma once

#include <cstdint>

namespace gpu_host {

struct BootstrapParams {
  std::uint32_t n_samples;
  std::uint32_t seed;
  std::uint32_t max_index;
};

struct FindSplitParams {
  std::uint32_t n_samples;
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
  bool trans_a;
  bool trans_b;
  float alpha;
  float beta;
};

enum class ElementwiseOp : std::uint8_t { relu, sigmoid, tanh, add, mul, sqrt, exp, log };
inline constexpr std::uint32_t kElementwiseOpCount = 8;

[[nodiscard]] constexpr bool is_binary(ElementwiseOp op) {
  return op == ElementwiseOp::add || op == ElementwiseOp::mul;
}

struct ElementwiseParams {
  std::uint32_t n_elements;
  ElementwiseOp op;
};

enum class ReduceOp : std::uint8_t { sum, max, min, mean, variance };
inline constexpr std::uint32_t kReduceOpCount = 5;

struct ReduceParams {
  std::uint32_t n_elements;
  ReduceOp op;
};

struct BatchPredictParams {
  std::uint32_t batch_size;
  std::uint32_t n_features;
  std::uint32_t n_trees;
  std::uint32_t max_depth;
};

}  // namespace gpu_host
