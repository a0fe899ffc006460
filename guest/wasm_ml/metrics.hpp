// How good predictions are.
#pragma once

#include <span>

namespace wasm_ml {

struct Metrics {
  double mse = 0;  // mean squared error
  double r2 = 0;   // coefficient of determination
};

// Of as many predictions as targets, at least one. Where all targets are equal,
// R² is 1 for predictions without error and else 0, as in scikit-learn.
[[nodiscard]] Metrics evaluate(std::span<const float> predictions, std::span<const float> targets);

}  // namespace wasm_ml
