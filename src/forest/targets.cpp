#include "forest/targets.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace gpu_host::forest {

std::vector<std::uint64_t> integers_of_draw_weights(std::span<const double> weights) {
  std::vector<std::uint64_t> integers(weights.size());
  if (weights.empty()) return integers;
  const double most = std::ranges::max(weights);
  std::ranges::transform(weights, integers.begin(), [most](double weight) -> std::uint64_t {
    return weight > 0 ? std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::rint(weight * 0x1p32 / most))) : 0;
  });
  return integers;
}

std::uint32_t bits_of_criterion_weights(std::uint32_t n_draws) {
  return std::min(20U, 31U - static_cast<std::uint32_t>(std::bit_width(n_draws)));
}

std::vector<std::uint32_t> integers_of_criterion_weights(std::span<const double> weights, std::uint32_t n_draws) {
  std::vector<std::uint32_t> integers(weights.size());
  if (weights.empty()) return integers;
  const double most = std::ranges::max(weights);
  const double scale = std::exp2(bits_of_criterion_weights(n_draws));
  std::ranges::transform(weights, integers.begin(), [=](double weight) -> std::uint32_t {
    return weight > 0 ? std::max(1U, static_cast<std::uint32_t>(std::rint(weight * scale / most))) : 0;
  });
  return integers;
}

Targets targets_of(std::span<const double> values, std::span<const std::uint64_t> draws) {
  const auto weight = [draws](std::size_t row) { return draws.empty() ? std::uint64_t{1} : draws[row]; };
  std::vector<std::uint32_t> order;
  __extension__ unsigned __int128 total = 0;
  for (std::uint32_t row = 0; row < values.size(); ++row) {
    if (weight(row) == 0) continue;
    order.push_back(row);
    total += weight(row);
  }
  // The lower weighted median.
  std::ranges::sort(order, {}, [values](std::uint32_t row) { return values[row]; });
  Targets targets;
  __extension__ unsigned __int128 so_far = 0;
  for (const std::uint32_t row : order) {
    so_far += weight(row);
    targets.center = values[row];
    if (2 * so_far >= total) break;
  }
  double sum = 0;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (weight(row) == 0) continue;
    const double distance = std::abs(values[row] - targets.center);
    sum += distance;
    targets.most = std::max(targets.most, distance);
  }
  targets.p.assign(values.size(), 0);
  if (targets.most == 0) return targets;
  const double tail = std::ceil(std::log2(targets.most / (sum / static_cast<double>(order.size()))));
  targets.bits = static_cast<std::uint32_t>(std::clamp(11 + tail, 13.0, 24.0));
  const double scale = 0x1p30 / targets.most;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (weight(row) > 0) targets.p[row] = static_cast<std::int32_t>(std::rint((values[row] - targets.center) * scale));
  }
  return targets;
}

}  // namespace gpu_host::forest
