#include "split_candidates.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace wasm_ml {

float threshold_between(float lo, float hi) {
  const float middle = std::midpoint(lo, hi);
  return middle >= lo && middle < hi ? middle : lo;
}

void split_candidates(std::vector<float>& values, std::uint32_t min_samples_leaf, std::vector<float>& thresholds) {
  thresholds.clear();
  const std::size_t n = values.size();
  const std::size_t leaf = std::max<std::size_t>(min_samples_leaf, 1);
  if (n < 2 || leaf > n / 2) return;
  std::ranges::sort(values);
  // Splitting at i puts i values on the left.
  const auto is_boundary = [&](std::size_t i) { return values[i - 1] < values[i]; };
  const std::size_t begin = leaf;
  const std::size_t end = n - leaf + 1;
  std::size_t n_boundaries = 0;
  for (std::size_t i = begin; i < end; ++i) n_boundaries += is_boundary(i) ? 1 : 0;

  const bool all = n_boundaries <= kMaxThresholds;
  constexpr std::uint64_t kParts = kMaxThresholds + 1;
  std::uint64_t next_quantile = 1;
  for (std::size_t i = begin; i < end; ++i) {
    if (!is_boundary(i)) continue;
    if (!all) {
      // Of the boundaries, the first at or after each quantile of the rows.
      if (i * kParts < next_quantile * n) continue;
      next_quantile = i * kParts / n + 1;
    }
    thresholds.push_back(threshold_between(values[i - 1], values[i]));
  }
}

}  // namespace wasm_ml
