#include "backend/cpu/forest/search_loops.hpp"

#include <array>
#include <cstring>

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/forest/search_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// A key's place is the number of keys below it: no branch depends on them.
void sort(const std::int32_t* keys, std::uint32_t n, std::int32_t* sorted) {
  const hn::CappedTag<std::int32_t, 16> d;
  constexpr std::uint32_t kLanes = hn::MaxLanes(d);
  for (std::uint32_t first = 0; first < n; first += kLanes) {
    const auto own = hn::LoadU(d, keys + first);
    auto below = hn::Zero(d);
    for (std::uint32_t i = 0; i < n; ++i) {
      below = hn::Sub(below, hn::VecFromMask(d, hn::Lt(hn::Set(d, keys[i]), own)));
    }
    std::array<std::int32_t, kLanes> places;
    hn::StoreU(below, d, places.data());
    const std::uint32_t n_own = n - first < kLanes ? n - first : kLanes;
    for (std::uint32_t lane = 0; lane < n_own; ++lane) sorted[places[lane]] = keys[first + lane];
  }
}

// The compiler vectorises it.
float estimate(const NarrowSums& node, const std::uint64_t* lefts, std::uint32_t n, float* estimates) {
  const auto [node_sum, node_weight, mean, bits] = node;
  const auto mask = static_cast<std::int32_t>((std::uint32_t{1} << bits) - 1);
  std::int32_t most = 0;  // floats that are not negative are in the order of their bits
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint64_t sums = lefts[i];
    const std::int32_t weight = static_cast<std::int32_t>(sums) & mask;
    const std::int32_t sum = static_cast<std::int32_t>(sums >> bits) - mean * weight;
    const auto a = static_cast<float>(sum);
    const auto b = static_cast<float>(node_sum - sum);
    const auto a_weight = static_cast<float>(weight);
    const auto b_weight = static_cast<float>(node_weight - weight);
    const float estimate = (a * a * b_weight + b * b * a_weight) / (a_weight * b_weight);
    estimates[i] = estimate;
    std::int32_t pattern = 0;
    std::memcpy(&pattern, &estimate, sizeof(pattern));
    most = pattern > most ? pattern : most;
  }
  float largest = 0;
  std::memcpy(&largest, &most, sizeof(largest));
  return largest;
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
