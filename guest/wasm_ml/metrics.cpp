#include "metrics.hpp"

#include <cstddef>

namespace wasm_ml {

Metrics evaluate(std::span<const float> predictions, std::span<const float> targets) {
  const auto n = static_cast<double>(targets.size());
  double mean = 0;
  for (const float target : targets) mean += target;
  mean /= n;
  double residual = 0;
  double total = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double error = double{targets[i]} - double{predictions[i]};
    const double deviation = targets[i] - mean;
    residual += error * error;
    total += deviation * deviation;
  }
  const double mse = residual / n;
  if (total == 0) return {.mse = mse, .r2 = residual == 0 ? 1.0 : 0.0};
  return {.mse = mse, .r2 = 1 - residual / total};
}

}  // namespace wasm_ml
