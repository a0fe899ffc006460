#include "backend/cpu/find_split_sums.hpp"

#include <algorithm>
#include <limits>

// The part from here to the end of HWY_NAMESPACE is compiled once per instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backend/cpu/find_split_sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace gpu_host::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::ScalableTag<double>;
using FloatD = hn::Rebind<float, D>;

// Rows that are gathered, then worked on in the cache.
constexpr std::size_t kChunk = 512;

struct Chunk {
  std::size_t size;            // rows
  std::size_t end;             // rounded up to whole vectors
  HWY_ALIGN float x[kChunk];   // NaN beyond size: on no left side
  HWY_ALIGN double y[kChunk];  // shifted labels; 0 beyond size
};

// False where an index is bad.
bool gather(const NodeRows& rows, std::size_t begin, Chunk& chunk) {
  const D d;
  const std::size_t size = std::min(kChunk, rows.indices.size() - begin);
  const std::uint32_t* const indices = rows.indices.data() + begin;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t row = indices[i];
    if (row >= rows.n_rows) return false;
    chunk.x[i] = rows.column[row * rows.stride];
    chunk.y[i] = rows.labels[row] - rows.shift;
  }
  chunk.size = size;
  chunk.end = hwy::RoundUpTo(size, hn::Lanes(d));
  for (std::size_t i = size; i < chunk.end; ++i) {
    chunk.x[i] = std::numeric_limits<float>::quiet_NaN();
    chunk.y[i] = 0;
  }
  return true;
}

double sum_of_lanes(D d, hn::Vec<D> v) { return hn::GetLane(hn::SumOfLanes(d, v)); }

void add_labels(const Chunk& chunk, LabelSums& all) {
  const D d;
  auto sum = hn::Zero(d);
  auto sum_of_squares = hn::Zero(d);
  for (std::size_t i = 0; i < chunk.end; i += hn::Lanes(d)) {
    const auto y = hn::Load(d, chunk.y + i);
    sum = hn::Add(sum, y);
    sum_of_squares = hn::MulAdd(y, y, sum_of_squares);
  }
  all.sum += sum_of_lanes(d, sum);
  all.sum_of_squares += sum_of_lanes(d, sum_of_squares);
}

// Two thresholds at a time share the loads; their additions do not wait for each other.
void add_two_left_sides(const Chunk& chunk, float threshold_a, float threshold_b, RowGroup& a, RowGroup& b) {
  const D d;
  const FloatD float_d;
  const auto one = hn::Set(d, 1.0);
  const auto t_a = hn::Set(d, static_cast<double>(threshold_a));
  const auto t_b = hn::Set(d, static_cast<double>(threshold_b));
  auto count_a = hn::Zero(d);
  auto count_b = hn::Zero(d);
  auto sum_a = hn::Zero(d);
  auto sum_b = hn::Zero(d);
  for (std::size_t i = 0; i < chunk.end; i += hn::Lanes(d)) {
    const auto x = hn::PromoteTo(d, hn::Load(float_d, chunk.x + i));
    const auto y = hn::Load(d, chunk.y + i);
    const auto left_a = hn::Le(x, t_a);
    const auto left_b = hn::Le(x, t_b);
    count_a = hn::Add(count_a, hn::IfThenElseZero(left_a, one));
    count_b = hn::Add(count_b, hn::IfThenElseZero(left_b, one));
    sum_a = hn::Add(sum_a, hn::IfThenElseZero(left_a, y));
    sum_b = hn::Add(sum_b, hn::IfThenElseZero(left_b, y));
  }
  a.count += sum_of_lanes(d, count_a);
  b.count += sum_of_lanes(d, count_b);
  a.sum += sum_of_lanes(d, sum_a);
  b.sum += sum_of_lanes(d, sum_b);
}

bool sum_left_sides(const NodeRows& rows, std::span<const float> thresholds, RowGroup* groups, LabelSums& all) {
  Chunk chunk;
  for (std::size_t begin = 0; begin < rows.indices.size(); begin += kChunk) {
    if (!gather(rows, begin, chunk)) return false;
    add_labels(chunk, all);
    std::size_t i = 0;
    for (; i + 2 <= thresholds.size(); i += 2) {
      add_two_left_sides(chunk, thresholds[i], thresholds[i + 1], groups[i], groups[i + 1]);
    }
    RowGroup unused;
    if (i < thresholds.size()) add_two_left_sides(chunk, thresholds[i], thresholds[i], groups[i], unused);
  }
  return true;
}

// How many of `sorted` are below x: the first threshold that x is not above. Has
// no branch that depends on the data. NaN is above all.
std::size_t group_of(std::span<const float> sorted, float x) {
  if (x != x) return sorted.size();
  const float* at = sorted.data();
  std::size_t size = sorted.size();
  while (size > 1) {
    const std::size_t half = size / 2;
    at += static_cast<std::size_t>(at[half - 1] < x) * half;
    size -= half;
  }
  return static_cast<std::size_t>(at - sorted.data()) + static_cast<std::size_t>(size == 1 && *at < x);
}

bool sum_between(const NodeRows& rows, std::span<const float> thresholds, RowGroup* groups, LabelSums& all) {
  Chunk chunk;
  for (std::size_t begin = 0; begin < rows.indices.size(); begin += kChunk) {
    if (!gather(rows, begin, chunk)) return false;
    add_labels(chunk, all);
    for (std::size_t i = 0; i < chunk.size; ++i) {
      RowGroup& group = groups[group_of(thresholds, chunk.x[i])];
      group.count += 1;
      group.sum += chunk.y[i];
    }
  }
  return true;
}

}  // namespace
}  // namespace gpu_host::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace gpu_host::cpu {

HWY_EXPORT(sum_left_sides);
HWY_EXPORT(sum_between);

bool sum_left_sides(const NodeRows& rows, std::span<const float> thresholds, RowGroup* groups, LabelSums& all) {
  return HWY_DYNAMIC_DISPATCH(sum_left_sides)(rows, thresholds, groups, all);
}

bool sum_between(const NodeRows& rows, std::span<const float> thresholds, RowGroup* groups, LabelSums& all) {
  return HWY_DYNAMIC_DISPATCH(sum_between)(rows, thresholds, groups, all);
}

}  // namespace gpu_host::cpu
#endif
