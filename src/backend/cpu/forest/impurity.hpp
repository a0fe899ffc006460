// Impurities and their decreases as guests and importances see them: f64, of integers alone, so that the order of rows
// does not matter; and without a product that is added to something, which some compilers would fuse.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "backend/cpu/forest/statistics.hpp"

namespace gpu_host::cpu {

// ⌊S / W⌋.
[[nodiscard]] inline std::int64_t floor_of_mean(const SumAndWeight& node) {
  return node.sum / node.weight - (node.sum % node.weight < 0 ? 1 : 0);
}

// The mean squared error of a node's q. With μ = ⌊S/W⌋, d = q − μ and R = Σ m·d, which is from 0 to before W, it is
// (Σ m·d·(d − 1) + R·(W − R)/W) / W: nothing is negative, nothing cancels. q has up to 24 bits and a sign and W up to
// 31 bits, so the sum needs 82: it is kept as two of 57 at most.
class SquaredError {
 public:
  explicit SquaredError(const SumAndWeight& node) : node_(node), mean_(floor_of_mean(node)) {}

  void add(std::int64_t q, std::uint32_t weight) {
    const std::int64_t d = q - mean_;
    const auto square = static_cast<std::uint64_t>(d * (d - 1));
    high_ += (square >> kBits) * weight;
    low_ += (square & ((std::uint64_t{1} << kBits) - 1)) * weight;
  }

  // Once all rows have been added.
  [[nodiscard]] double mean() const {
    const std::int64_t rest = node_.sum - mean_ * node_.weight;
    const auto weight = static_cast<double>(node_.weight);
    const double whole = std::ldexp(static_cast<double>(high_), kBits) + static_cast<double>(low_);
    return (whole + static_cast<double>(rest * (node_.weight - rest)) / weight) / weight;
  }

 private:
  static constexpr int kBits = 25;

  SumAndWeight node_;
  std::int64_t mean_;
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

// What a split takes from the squared error of its node: W_left · W_right / W · (difference of the means)².
[[nodiscard]] inline double decrease_of_squares(const SumAndWeight& node, const SumAndWeight& left) {
  const SumAndWeight right{node.sum - left.sum, node.weight - left.weight};
  const std::int64_t mean = floor_of_mean(node);
  const auto distance = [mean](const SumAndWeight& side) {
    return static_cast<double>(side.sum - mean * side.weight) / static_cast<double>(side.weight);
  };
  const double difference = distance(left) - distance(right);
  return difference * difference * static_cast<double>(left.weight * right.weight) / static_cast<double>(node.weight);
}

// Weight · gini, of each class's weight.
template <class WeightOfClass>
[[nodiscard]] double weighted_gini(std::size_t n_classes, const WeightOfClass& weight_of) {
  std::uint64_t weight = 0;
  std::uint64_t squares = 0;
  for (std::size_t i = 0; i < n_classes; ++i) {
    const std::uint64_t own = weight_of(i);
    weight += own;
    squares += own * own;
  }
  return static_cast<double>(weight * weight - squares) / static_cast<double>(weight);
}

// What a split takes from weight · gini of its node.
[[nodiscard]] inline double decrease_of_gini(std::span<const std::uint32_t> node, std::span<const std::uint32_t> left) {
  const double all = weighted_gini(node.size(), [node](std::size_t i) { return node[i]; });
  const double one = weighted_gini(node.size(), [left](std::size_t i) { return left[i]; });
  const double other = weighted_gini(node.size(), [node, left](std::size_t i) { return node[i] - left[i]; });
  return std::max(0.0, all - (one + other));
}

// What a split takes from weight · impurity of its node.
template <class Statistic>
[[nodiscard]] double decrease_of(const Statistic& statistic, const typename Statistic::Sums& node,
                                 const typename Statistic::Sums& left) {
  if constexpr (requires { statistic.unpacked(node); }) {
    if (!statistic.is_class()) return decrease_of_squares(statistic.unpacked(node), statistic.unpacked(left));
  }
  return decrease_of_gini(statistic.classes(node), statistic.classes(left));
}

}  // namespace gpu_host::cpu
