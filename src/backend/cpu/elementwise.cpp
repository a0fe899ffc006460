#include <algorithm>
#include <cmath>

#include "backend/cpu/kernels.hpp"

namespace gpu_host::cpu {
namespace {

// Writes element(i) for every i. The output may be an input: element i is read
// before it is written, and by no other i.
template <class Element>
GpuResult<void> for_each_element(Poll& poll, std::span<float> output, const Element& element) {
  constexpr std::size_t kBlock = 4096;
  for (std::size_t begin = 0; begin < output.size(); begin += kBlock) {
    const std::size_t end = std::min(output.size(), begin + kBlock);
    if (poll.stop(end - begin)) return interrupted();
    for (std::size_t i = begin; i < end; ++i) output[i] = element(i);
  }
  return {};
}

}  // namespace

GpuResult<void> elementwise(Poll poll, const ElementwiseParams& params, std::span<const float> input_a,
                            std::span<const float> input_b, std::span<float> output) {
  const auto a = input_a.data();
  const auto b = input_b.data();
  output = output.first(params.n_elements);
  switch (params.op) {
    case ElementwiseOp::relu:  // NaN is not below 0 and stays
      return for_each_element(poll, output, [a](std::size_t i) { return a[i] < 0 ? 0.0F : a[i]; });
    case ElementwiseOp::sigmoid:  // exp overflows to infinity, which gives the limit 0
      return for_each_element(poll, output, [a](std::size_t i) { return 1 / (1 + std::exp(-a[i])); });
    case ElementwiseOp::tanh:
      return for_each_element(poll, output, [a](std::size_t i) { return std::tanh(a[i]); });
    case ElementwiseOp::add:
      return for_each_element(poll, output, [a, b](std::size_t i) { return a[i] + b[i]; });
    case ElementwiseOp::mul:
      return for_each_element(poll, output, [a, b](std::size_t i) { return a[i] * b[i]; });
    case ElementwiseOp::sqrt:
      return for_each_element(poll, output, [a](std::size_t i) { return std::sqrt(a[i]); });
    case ElementwiseOp::exp:
      return for_each_element(poll, output, [a](std::size_t i) { return std::exp(a[i]); });
    case ElementwiseOp::log:
      return for_each_element(poll, output, [a](std::size_t i) { return std::log(a[i]); });
  }
  return gpu_error(GpuErrorCode::invalid_params, "op is no elementwise operation");
}

}  // namespace gpu_host::cpu
