// What the kernels must give, straight from the contract: plain loops in long
// double. Slow on purpose, so that they are obviously right.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "backend/kernel_params.hpp"
#include "conformance/check.hpp"

namespace gpu_host::conformance {

static_assert(std::numeric_limits<long double>::digits >= 64, "the reference needs more than f64");

// The 16 bytes of a node in `tree-nodes`.
struct Node {
  std::int32_t feature;  // -1: a leaf
  float threshold;       // of a leaf: its value
  std::uint32_t left;
  std::uint32_t right;
};
static_assert(sizeof(Node) == 16);

[[nodiscard]] std::vector<std::uint32_t> reference_bootstrap_sample(const BootstrapParams& params);

// The magnitude is the total squared deviation of the node's labels.
[[nodiscard]] std::vector<Exact> reference_find_split(const FindSplitParams& params, const std::vector<float>& data,
                                                      const std::vector<float>& labels,
                                                      const std::vector<std::uint32_t>& indices,
                                                      const std::vector<float>& thresholds);

[[nodiscard]] std::vector<Exact> reference_average(const AverageParams& params, const std::vector<float>& predictions);

// With `is_tf32` the allowance is what TF32 adds.
[[nodiscard]] std::vector<Exact> reference_matmul(const MatmulParams& params, const std::vector<float>& a,
                                                  const std::vector<float>& b, const std::vector<float>& c,
                                                  bool is_tf32);

// Unary operations ignore b.
[[nodiscard]] Exact reference_elementwise(ElementwiseOp op, float a, float b);

[[nodiscard]] Exact reference_reduce(ReduceOp op, const std::vector<float>& values);

// The forest must be sound.
[[nodiscard]] std::vector<Exact> reference_batch_predict(const BatchPredictParams& params,
                                                         const std::vector<float>& samples,
                                                         const std::vector<Node>& nodes,
                                                         const std::vector<std::uint32_t>& offsets);

}  // namespace gpu_host::conformance
