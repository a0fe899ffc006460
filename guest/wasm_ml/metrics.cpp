#include "metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "text.hpp"

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

ClassMetrics evaluate_classes(std::span<const float> probabilities, std::size_t n_classes,
                              std::span<const float> targets) {
  constexpr double kLeast = 0x1p-23;
  std::size_t n_right = 0;
  double loss = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    const auto of_row = probabilities.subspan(row * n_classes, n_classes);
    const auto target = static_cast<std::size_t>(targets[row]);
    n_right += likeliest(of_row) == target ? 1 : 0;
    loss -= std::log(std::max(kLeast, double{of_row[target]}));
  }
  const auto n = static_cast<double>(targets.size());
  return {.accuracy = static_cast<double>(n_right) / n, .log_loss = loss / n};
}

std::size_t likeliest(std::span<const float> probabilities) {
  return static_cast<std::size_t>(std::ranges::max_element(probabilities) - probabilities.begin());
}

std::string describe(const Evaluation& evaluation) {
  if (const auto* const numbers = std::get_if<Metrics>(&evaluation)) {
    return format("MSE %.3f, R2 %.4f", numbers->mse, numbers->r2);
  }
  const auto& classes = std::get<ClassMetrics>(evaluation);
  return format("accuracy %.4f, log loss %.4f", classes.accuracy, classes.log_loss);
}

void add_json(const Evaluation& evaluation, JsonObject& json) {
  if (const auto* const numbers = std::get_if<Metrics>(&evaluation)) {
    json.add("mse", numbers->mse).add("r2", numbers->r2);
  } else {
    const auto& classes = std::get<ClassMetrics>(evaluation);
    json.add("accuracy", classes.accuracy).add("log_loss", classes.log_loss);
  }
}

}  // namespace wasm_ml
