// Rows to learn from: Friedman's first function of five features, five more that say nothing, and noise.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <vector>

#include "random.hpp"

inline constexpr std::uint32_t kFeatures = 10;

struct Rows {
  std::uint32_t n = 0;
  std::vector<float> features;  // column after column
  std::vector<double> labels;

  [[nodiscard]] float value(std::uint32_t row, std::uint32_t feature) const {
    return features[std::size_t{feature} * n + row];
  }
};

inline Rows friedman(std::uint32_t n, std::uint64_t seed) {
  Random random(seed);
  Rows rows{.n = n, .features = std::vector<float>(std::size_t{n} * kFeatures), .labels = std::vector<double>(n)};
  for (float& value : rows.features) value = static_cast<float>(random.uniform());
  for (std::uint32_t row = 0; row < n; ++row) {
    const auto x = [&](std::uint32_t feature) { return double{rows.value(row, feature)}; };
    const double noise = 2 * (random.uniform() + random.uniform() + random.uniform()) - 3;  // of variance 1
    rows.labels[row] =
        10 * std::sin(std::numbers::pi * x(0) * x(1)) + 20 * (x(2) - 0.5) * (x(2) - 0.5) + 10 * x(3) + 5 * x(4) + noise;
  }
  return rows;
}
