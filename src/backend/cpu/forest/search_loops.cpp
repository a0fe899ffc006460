#include "backend/cpu/forest/search_loops.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/forest/search_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A key's place is the number of keys below it: no branch depends on them. What lies behind the keys has the place
// behind theirs.
void sort(const std::int32_t* keys, std::uint32_t n, std::int32_t* sorted) {
  const hn::CappedTag<std::int32_t, 16> d;
  constexpr std::uint32_t kLanes = hn::MaxLanes(d);
  constexpr std::uint32_t kAtOnce = std::min(4U, kLanes);
  const auto above_all = hn::Set(d, std::numeric_limits<std::int32_t>::max());
  for (std::uint32_t first = 0; first < n; first += kLanes) {
    const auto own = hn::IfThenElse(hn::FirstN(d, n - first), hn::LoadU(d, keys + first), above_all);
    auto below = hn::Zero(d);
    for (std::uint32_t i = 0; i < n; ++i) {
      below = hn::Sub(below, hn::VecFromMask(d, hn::Lt(hn::Set(d, keys[i]), own)));
    }
    std::array<std::int32_t, kLanes> places;
    hn::StoreU(below, d, places.data());
    const std::uint32_t n_own = std::min(n - first, kLanes);
    for (std::uint32_t lane = 0; lane < n_own; lane += kAtOnce) {
      for (std::uint32_t i = 0; i < kAtOnce; ++i) sorted[places[lane + i]] = keys[first + lane + i];
    }
  }
}

float estimate(const NarrowSums& node, const std::uint64_t* lefts, std::uint32_t n, float* estimates) {
  const hn::CappedTag<std::uint64_t, 8> d64;
  const hn::Rebind<std::uint32_t, decltype(d64)> du;
  const hn::Rebind<std::int32_t, decltype(d64)> d;
  const hn::Rebind<float, decltype(d64)> df;
  const auto lower_half = [&](const auto words) HWY_ATTR { return hn::BitCast(d, hn::TruncateTo(du, words)); };
  const auto lanes = static_cast<std::uint32_t>(hn::Lanes(d));
  const auto weight_mask = hn::Set(d, static_cast<std::int32_t>((std::uint32_t{1} << node.bits) - 1));
  const auto mean = hn::Set(d, node.mean);
  const auto node_sum = hn::Set(d, node.sum);
  const auto node_weight = hn::Set(d, node.weight);
  auto most = hn::Zero(df);
  for (std::uint32_t i = 0; i < n; i += lanes) {
    const auto sums = hn::LoadU(d64, lefts + i);
    const auto weight = hn::And(lower_half(sums), weight_mask);
    const auto shifted = hn::ShiftRightSame(sums, static_cast<int>(node.bits));
    const auto sum = hn::Sub(lower_half(shifted), hn::Mul(mean, weight));
    const auto a = hn::ConvertTo(df, sum);
    const auto b = hn::ConvertTo(df, hn::Sub(node_sum, sum));
    const auto a_weight = hn::ConvertTo(df, weight);
    const auto b_weight = hn::ConvertTo(df, hn::Sub(node_weight, weight));
    const auto squares = hn::Add(hn::Mul(hn::Mul(a, a), b_weight), hn::Mul(hn::Mul(b, b), a_weight));
    const auto estimate = hn::IfThenElseZero(hn::FirstN(df, n - i), hn::Div(squares, hn::Mul(a_weight, b_weight)));
    hn::StoreU(estimate, df, estimates + i);
    most = hn::Max(most, estimate);
  }
  return hn::GetLane(hn::MaxOfLanes(df, most));
}

SearchLoops loops() { return {.sort = sort, .estimate = estimate}; }

}  // namespace
}  // namespace gpu_host::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gpu_host::cpu {
namespace {

HWY_EXPORT(loops);

}  // namespace

SearchLoops search_loops() { return HWY_DYNAMIC_DISPATCH(loops)(); }

}  // namespace gpu_host::cpu
#endif  // HWY_ONCE
