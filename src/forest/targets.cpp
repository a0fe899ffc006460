#include "forest/targets.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>

namespace gpu_host::forest {
namespace {

// The rows that have a draw weight.
class DrawnRows {
 public:
  DrawnRows(std::span<const double> values, std::span<const std::uint64_t> draws, const std::function<bool()>& stop)
      : values_(values), draws_(draws), stop_(stop) {}

  // Calls body(row, weight) for each.
  template <class Body>
  void for_each(const Body& body) const {
    constexpr std::size_t kAtOnce = 1 << 16;
    for (std::size_t begin = 0; begin < values_.size() && !stop_(); begin += kAtOnce) {
      const std::size_t end = std::min(begin + kAtOnce, values_.size());
      for (std::size_t row = begin; row < end; ++row) {
        const std::uint64_t weight = draws_.empty() ? 1 : draws_[row];
        if (weight > 0) body(row, weight);
      }
    }
  }

  // Byte by byte, from the highest: how much weight lies below.
  [[nodiscard]] double lower_median() const {
    __extension__ using Wide = unsigned __int128;
    Wide total = 0;
    for_each([&](std::size_t /*row*/, std::uint64_t weight) { total += weight; });
    Wide below = 0;
    std::uint64_t known = 0;
    for (std::uint32_t shift = 64; shift > 0;) {
      shift -= kBits;
      std::array<Wide, std::size_t{1} << kBits> weights{};
      for_each([&](std::size_t row, std::uint64_t weight) {
        const std::uint64_t key = key_of(values_[row]) >> shift;
        if (key >> kBits == known) weights[key % weights.size()] += weight;
      });
      std::size_t byte = 0;
      while (byte + 1 < weights.size() && 2 * (below + weights[byte]) < total) below += weights[byte++];
      known = known << kBits | byte;
    }
    return std::bit_cast<double>((known & kSign) != 0 ? known & ~kSign : ~known);
  }

 private:
  static constexpr std::uint32_t kBits = 8;
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;

  // In the order of the values.
  static std::uint64_t key_of(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // no negative zero
    return (bits & kSign) != 0 ? ~bits : bits | kSign;
  }

  std::span<const double> values_;
  std::span<const std::uint64_t> draws_;
  const std::function<bool()>& stop_;
};

}  // namespace

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

Targets targets_of(std::span<const double> values, std::span<const std::uint64_t> draws,
                   const std::function<bool()>& stop) {
  const DrawnRows rows(values, draws, stop);
  Targets targets;
  targets.center = rows.lower_median();
  double sum = 0;
  std::uint64_t n = 0;
  rows.for_each([&](std::size_t row, std::uint64_t /*weight*/) {
    const double distance = std::abs(values[row] - targets.center);
    sum += distance;
    targets.most = std::max(targets.most, distance);
    ++n;
  });
  targets.p.assign(values.size(), 0);
  if (targets.most < 0x1p-900) {
    targets.most = 0;
    return targets;
  }
  const double tail = std::ceil(std::log2(targets.most / (sum / static_cast<double>(n))));
  targets.bits = static_cast<std::uint32_t>(std::clamp(11 + tail, 13.0, 24.0));
  const double scale = 0x1p30 / targets.most;
  rows.for_each([&](std::size_t row, std::uint64_t /*weight*/) {
    targets.p[row] = static_cast<std::int32_t>(std::rint((values[row] - targets.center) * scale));
  });
  return targets;
}

}  // namespace gpu_host::forest
