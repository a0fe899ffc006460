#include "backend/cpu/block_reduce.hpp"

#include <cstring>

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/block_reduce.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Doubles = hn::ScalableTag<double>;
using HalfFloats = hn::Rebind<float, Doubles>;  // as many
using Floats = hn::ScalableTag<float>;
using VD = hn::Vec<Doubles>;
using VF = hn::Vec<Floats>;

// Values that are summed in a loop; more are halved.
constexpr std::size_t kLeaf = 4096;

// The sum of term(x).
template <class Term>
double sum_of(const float* values, std::size_t n, const Term& term) {
  if (n > kLeaf) {
    // Halves of whole leaves, so that only the last one is short.
    const std::size_t half = (n / 2 + kLeaf - 1) / kLeaf * kLeaf;
    const double left = sum_of(values, half, term);
    return left + sum_of(values + half, n - half, term);
  }
  const Doubles d;
  const HalfFloats floats;
  const std::size_t lanes = hn::Lanes(d);
  const auto load = [&](std::size_t i) HWY_ATTR { return term(hn::PromoteTo(d, hn::LoadU(floats, values + i))); };
  // Independent sums: additions need not wait for each other.
  VD sum0 = hn::Zero(d);
  VD sum1 = hn::Zero(d);
  VD sum2 = hn::Zero(d);
  VD sum3 = hn::Zero(d);
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    sum0 = hn::Add(sum0, load(i));
    sum1 = hn::Add(sum1, load(i + lanes));
    sum2 = hn::Add(sum2, load(i + 2 * lanes));
    sum3 = hn::Add(sum3, load(i + 3 * lanes));
  }
  for (; i + lanes <= n; i += lanes) sum0 = hn::Add(sum0, load(i));
  if (i < n) {
    HWY_ALIGN float rest[hn::MaxLanes(d)] = {};
    std::memcpy(rest, values + i, (n - i) * sizeof(float));
    const VD last = term(hn::PromoteTo(d, hn::Load(floats, rest)));
    sum1 = hn::Add(sum1, hn::IfThenElseZero(hn::FirstN(d, n - i), last));
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3))));
}

double sum_block(const float* values, std::size_t n) {
  return sum_of(values, n, [](VD x) HWY_ATTR { return x; });
}

double deviations_block(const float* values, std::size_t n, double mean) {
  const VD means = hn::Set(Doubles(), mean);
  return sum_of(values, n, [means](VD x) HWY_ATTR {
    const VD deviation = hn::Sub(x, means);
    return hn::Mul(deviation, deviation);
  });
}

// The sums of short rows in a plain loop overlap each other.
constexpr std::size_t kShortRow = 24;

double short_sum(const float* values, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += values[i];
  return sum;
}

void row_means_block(const float* rows, std::size_t row_size, float* means, std::size_t n_rows) {
  const auto row_sum = row_size < kShortRow ? short_sum : sum_block;
  for (std::size_t row = 0; row < n_rows; ++row) {
    means[row] = static_cast<float>(row_sum(rows + row * row_size, row_size) / static_cast<double>(row_size));
  }
}

// The value that `better` prefers to all others; NaN where there is one.
template <class Better>
float extreme(const float* values, std::size_t n, const Better& better) {
  const Floats d;
  const std::size_t lanes = hn::Lanes(d);
  const VF first = hn::Set(d, values[0]);
  VF best0 = first;
  VF best1 = first;
  auto has_nan = hn::IsNaN(first);
  std::size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const VF x0 = hn::LoadU(d, values + i);
    const VF x1 = hn::LoadU(d, values + i + lanes);
    best0 = better(best0, x0);
    best1 = better(best1, x1);
    has_nan = hn::Or(has_nan, hn::Or(hn::IsNaN(x0), hn::IsNaN(x1)));
  }
  HWY_ALIGN float lane[hn::MaxLanes(d)];
  while (i < n) {
    const std::size_t size = n - i < lanes ? n - i : lanes;
    hn::Store(first, d, lane);  // fills up what is not there
    std::memcpy(lane, values + i, size * sizeof(float));
    const VF x = hn::Load(d, lane);
    best0 = better(best0, x);
    has_nan = hn::Or(has_nan, hn::IsNaN(x));
    i += size;
  }
  if (!hn::AllFalse(d, has_nan)) return hn::GetLane(hn::NaN(d));
  hn::Store(better(best0, best1), d, lane);
  VF best = hn::Set(d, lane[0]);
  for (std::size_t j = 1; j < lanes; ++j) best = better(best, hn::Set(d, lane[j]));
  return hn::GetLane(best);
}

float maximum_block(const float* values, std::size_t n) {
  return extreme(values, n, [](VF a, VF b) HWY_ATTR { return hn::Max(a, b); });
}

float minimum_block(const float* values, std::size_t n) {
  return extreme(values, n, [](VF a, VF b) HWY_ATTR { return hn::Min(a, b); });
}

}  // namespace
}  // namespace gpu_host::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gpu_host::cpu {
namespace {

HWY_EXPORT(sum_block);
HWY_EXPORT(deviations_block);
HWY_EXPORT(row_means_block);
HWY_EXPORT(maximum_block);
HWY_EXPORT(minimum_block);

}  // namespace

double sum(std::span<const float> values) { return HWY_DYNAMIC_DISPATCH(sum_block)(values.data(), values.size()); }

double squared_deviations(std::span<const float> values, double mean) {
  return HWY_DYNAMIC_DISPATCH(deviations_block)(values.data(), values.size(), mean);
}

float maximum(std::span<const float> values) {
  return HWY_DYNAMIC_DISPATCH(maximum_block)(values.data(), values.size());
}

float minimum(std::span<const float> values) {
  return HWY_DYNAMIC_DISPATCH(minimum_block)(values.data(), values.size());
}

void row_means(std::span<const float> rows, std::size_t row_size, std::span<float> means) {
  HWY_DYNAMIC_DISPATCH(row_means_block)(rows.data(), row_size, means.data(), means.size());
}

}  // namespace gpu_host::cpu
#endif  // HWY_ONCE
