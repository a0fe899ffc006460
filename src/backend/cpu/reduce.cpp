#include <limits>

#include "backend/cpu/kernels.hpp"
#include "backend/cpu/pairwise_sum.hpp"

namespace gpu_host::cpu {
namespace {

// The value that `better` prefers to all others; NaN where there is one.
template <class Better>
float extreme(Poll& poll, std::span<const float> values, const Better& better) {
  float best = values[0];
  bool has_nan = false;
  for (const float value : values) {
    if (poll.stop()) return 0;
    best = better(value, best) ? value : best;
    has_nan |= value != value;
  }
  return has_nan ? std::numeric_limits<float>::quiet_NaN() : best;
}

float variance(Poll& poll, std::span<const float> values, double sum) {
  // In two passes: a large common offset then cancels before squaring.
  const auto count = static_cast<double>(values.size());
  const double mean = sum / count;
  const double squares = pairwise_sum(poll, values, [mean](float x) { return (x - mean) * (x - mean); });
  return static_cast<float>(squares / count);
}

float reduced(Poll& poll, ReduceOp op, std::span<const float> values) {
  if (op == ReduceOp::max) return extreme(poll, values, [](float a, float b) { return a > b; });
  if (op == ReduceOp::min) return extreme(poll, values, [](float a, float b) { return a < b; });
  const double sum = pairwise_sum(poll, values, [](float x) { return static_cast<double>(x); });
  if (op == ReduceOp::sum) return static_cast<float>(sum);
  if (op == ReduceOp::mean) return static_cast<float>(sum / static_cast<double>(values.size()));
  return variance(poll, values, sum);
}

}  // namespace

GpuResult<void> reduce(Poll poll, const ReduceParams& params, std::span<const float> input, std::span<float> output) {
  const float result = reduced(poll, params.op, input.first(params.n_elements));
  if (poll.stop(0)) return interrupted();
  output[0] = result;
  return {};
}

}  // namespace gpu_host::cpu
