#include "conformance/reference.hpp"

#include <cmath>
#include <cstddef>

namespace gpu_host::conformance {
namespace {

constexpr long double kInfinity = std::numeric_limits<long double>::infinity();
constexpr long double kNan = std::numeric_limits<long double>::quiet_NaN();

std::uint32_t pcg(std::uint32_t x) {
  const std::uint32_t s = x * 747796405U + 2891336453U;
  const std::uint32_t w = ((s >> ((s >> 28) + 4)) ^ s) * 277803737U;
  return (w >> 22) ^ w;
}

long double mean_of(const std::vector<float>& values) {
  long double sum = 0;
  for (const float value : values) sum += value;
  return sum / static_cast<long double>(values.size());
}

long double squared_deviations(const std::vector<float>& values) {
  if (values.empty()) return 0;
  const long double mean = mean_of(values);
  long double sum = 0;
  for (const float value : values) sum += (value - mean) * (value - mean);
  return sum;
}

long double sum_of_sizes(const std::vector<float>& values) {
  long double sum = 0;
  for (const float value : values) sum += std::fabs(value);
  return sum;
}

long double extreme(const std::vector<float>& values, bool largest) {
  long double result = values.at(0);
  for (const float value : values) {
    if (std::isnan(value)) return kNan;
    if (largest ? value > result : value < result) result = value;
  }
  return result;
}

float leaf_value(const std::vector<Node>& nodes, std::uint32_t root, const float* row) {
  const Node* node = &nodes.at(root);
  while (node->feature != -1) {
    node = &nodes.at(root + (row[node->feature] <= node->threshold ? node->left : node->right));
  }
  return node->threshold;
}

}  // namespace

std::vector<std::uint32_t> reference_bootstrap_sample(const BootstrapParams& params) {
  std::vector<std::uint32_t> indices(params.n_samples);
  for (std::uint32_t i = 0; i < params.n_samples; ++i) {
    const std::uint64_t draw = pcg(pcg(params.seed) + i);
    indices[i] = static_cast<std::uint32_t>((draw * params.max_index) >> 32);
  }
  return indices;
}

std::vector<Exact> reference_find_split(const FindSplitParams& params, const std::vector<float>& data,
                                        const std::vector<float>& labels, const std::vector<std::uint32_t>& indices,
                                        const std::vector<float>& thresholds) {
  std::vector<float> all;
  for (std::size_t i = 0; i < params.n_samples; ++i) all.push_back(labels.at(indices.at(i)));
  const long double total = squared_deviations(all);

  std::vector<Exact> scores;
  for (std::size_t t = 0; t < params.n_thresholds; ++t) {
    std::vector<float> left;
    std::vector<float> right;
    for (std::size_t i = 0; i < params.n_samples; ++i) {
      const std::size_t row = indices[i];
      const float x = data.at(row * params.n_features + params.feature_idx);
      (x <= thresholds.at(t) ? left : right).push_back(labels[row]);
    }
    const bool one_is_empty = left.empty() || right.empty();
    scores.push_back({one_is_empty ? kInfinity : squared_deviations(left) + squared_deviations(right), total});
  }
  return scores;
}

std::vector<Exact> reference_average(const AverageParams& params, const std::vector<float>& predictions) {
  std::vector<Exact> means;
  for (std::size_t row = 0; row < params.n_samples; ++row) {
    const auto first = predictions.begin() + static_cast<std::ptrdiff_t>(row * params.n_trees);
    const std::vector<float> values(first, first + params.n_trees);
    means.push_back({mean_of(values), sum_of_sizes(values) / params.n_trees});
  }
  return means;
}

std::vector<Exact> reference_matmul(const MatmulParams& params, const std::vector<float>& a,
                                    const std::vector<float>& b, const std::vector<float>& c, bool is_tf32) {
  const std::size_t m = params.m;
  const std::size_t k = params.k;
  const std::size_t n = params.n;
  std::vector<Exact> results;
  for (std::size_t cell = 0; cell < m * n; ++cell) {
    const std::size_t i = cell / n;
    const std::size_t j = cell % n;
    long double sum = 0;
    long double sizes = 0;
    for (std::size_t l = 0; l < k; ++l) {
      const long double product = static_cast<long double>(params.trans_a ? a[l * m + i] : a[i * k + l]) *
                                  (params.trans_b ? b[j * k + l] : b[l * n + j]);
      sum += product;
      sizes += std::fabs(product);
    }
    const long double old = params.beta == 0 ? 0 : static_cast<long double>(params.beta) * c[cell];
    sizes *= std::fabs(params.alpha);
    results.push_back({.value = params.alpha * sum + old,
                       .magnitude = sizes + std::fabs(old),
                       .allowance = is_tf32 ? tolerance::kMatmulTf32 * sizes : 0});
  }
  return results;
}

Exact reference_elementwise(ElementwiseOp op, float a, float b) {
  const long double x = a;
  switch (op) {
    case ElementwiseOp::relu:
      return {std::isnan(a) ? kNan : (a > 0 ? x : 0)};
    case ElementwiseOp::sigmoid:
      return {1 / (1 + std::exp(-x))};
    case ElementwiseOp::tanh:
      return {std::tanh(x)};
    case ElementwiseOp::add:
      return {x + b};
    case ElementwiseOp::mul:
      return {x * b};
    case ElementwiseOp::sqrt:
      return {std::sqrt(x)};
    case ElementwiseOp::exp:
      return {std::exp(x)};
    case ElementwiseOp::log:
      return {std::log(x)};
  }
  return {kNan};
}

Exact reference_reduce(ReduceOp op, const std::vector<float>& values) {
  const auto count = static_cast<long double>(values.size());
  switch (op) {
    case ReduceOp::sum:
      return {values.empty() ? 0 : mean_of(values) * count, sum_of_sizes(values)};
    case ReduceOp::max:
      return {extreme(values, true)};
    case ReduceOp::min:
      return {extreme(values, false)};
    case ReduceOp::mean:
      return {mean_of(values), sum_of_sizes(values) / count};
    case ReduceOp::variance:
      return {squared_deviations(values) / count};
  }
  return {kNan};
}

std::vector<Exact> reference_batch_predict(const BatchPredictParams& params, const std::vector<float>& samples,
                                           const std::vector<Node>& nodes, const std::vector<std::uint32_t>& offsets) {
  std::vector<Exact> means;
  for (std::size_t row = 0; row < params.batch_size; ++row) {
    std::vector<float> values;
    for (std::size_t tree = 0; tree < params.n_trees; ++tree) {
      values.push_back(leaf_value(nodes, offsets.at(tree), samples.data() + row * params.n_features));
    }
    means.push_back({mean_of(values), sum_of_sizes(values) / params.n_trees});
  }
  return means;
}

}  // namespace gpu_host::conformance
