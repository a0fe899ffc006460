#include "backend/cpu/block_reduce.hpp"
#include "backend/cpu/kernels.hpp"
#include "backend/cpu/reduced_blocks.hpp"

namespace gpu_host::cpu {
namespace {

std::optional<double> reduced(Workers& workers, ReduceOp op, std::span<const float> values) {
  // A NaN is not preferred by the comparison, so it is asked for.
  if (op == ReduceOp::max) {
    return reduced_blocks(workers, values, maximum, [](double a, double b) { return a > b || a != a ? a : b; });
  }
  if (op == ReduceOp::min) {
    return reduced_blocks(workers, values, minimum, [](double a, double b) { return a < b || a != a ? a : b; });
  }
  const auto total = summed_blocks(workers, values, sum);
  if (!total || op == ReduceOp::sum) return total;
  const auto count = static_cast<double>(values.size());
  const double mean = *total / count;
  if (op == ReduceOp::mean) return mean;
  // In a second pass: a large common offset then cancels before squaring.
  const auto squares =
      summed_blocks(workers, values, [mean](std::span<const float> block) { return squared_deviations(block, mean); });
  if (!squares) return squares;
  return *squares / count;
}

}  // namespace

GpuResult<void> reduce(Workers& workers, const ReduceParams& params, std::span<const float> input,
                       std::span<float> output) {
  const auto result = reduced(workers, params.op, input.first(params.n_elements));
  if (!result) return interrupted();
  output[0] = static_cast<float>(*result);
  return {};
}

}  // namespace gpu_host::cpu
