// How good predictions are.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <variant>

#include "json.hpp"

namespace wasm_ml {

struct Metrics {
  double mse = 0;  // mean squared error
  double r2 = 0;   // coefficient of determination
};

struct ClassMetrics {
  double accuracy = 0;  // share of the rows whose likeliest class is the right one
  double log_loss = 0;  // mean of -log of the right class's probability, which counts as 2^-23 at least
};

using Evaluation = std::variant<Metrics, ClassMetrics>;

// Of as many predictions as targets, at least one. Where all targets are equal,
// R² is 1 for predictions without error and else 0, as in scikit-learn.
[[nodiscard]] Metrics evaluate(std::span<const float> predictions, std::span<const float> targets);

// `probabilities` has n_classes for each target, which is the number of a class.
[[nodiscard]] ClassMetrics evaluate_classes(std::span<const float> probabilities, std::size_t n_classes,
                                            std::span<const float> targets);

// The first of the largest.
[[nodiscard]] std::size_t likeliest(std::span<const float> probabilities);

// For people, as "MSE 1.000, R2 0.5000".
[[nodiscard]] std::string describe(const Evaluation& evaluation);

// mse and r2, or accuracy and log_loss.
void add_json(const Evaluation& evaluation, JsonObject& json);

}  // namespace wasm_ml
