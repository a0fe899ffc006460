#include "forest/bins.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace gpu_host::forest {
namespace {

using Run = BinScratch::Run;

void find_runs(std::span<const float> sorted, LargeVector<Run>& runs) {
  runs.clear();
  runs.reserve(sorted.size());
  for (const float value : sorted) {
    if (runs.empty() || runs.back().value != value) runs.push_back({value, 0});
    ++runs.back().count;
  }
}

// Calls body(begin, end) for the runs of each bin.
template <class Body>
void divide(std::span<const Run> runs, std::uint64_t bins, const Body& body) {
  std::uint64_t left = 0;
  for (const Run& run : runs) left += run.count;
  std::uint64_t open = 0;
  std::size_t begin = 0;
  for (std::size_t j = 0; j < runs.size(); ++j) {
    const bool have_their_own = runs.size() - j <= bins - 1;
    if (j > begin && bins > 1 && (have_their_own || (2 * open + runs[j].count) * bins > 2 * left)) {
      body(runs.subspan(begin, j - begin));
      left -= open;
      --bins;
      open = 0;
      begin = j;
    }
    open += runs[j].count;
  }
  if (begin < runs.size()) body(runs.subspan(begin));
}

float middle(float a, float b) {
  const auto edge = static_cast<float>(static_cast<double>(a) / 2 + static_cast<double>(b) / 2);
  return edge < b ? edge : a;
}

// By digits of 11 bits.
void sort(std::span<float> values, BinScratch& scratch) {
  constexpr std::size_t kFew = 2000;
  if (values.size() < kFew) {
    std::ranges::sort(values);
    return;
  }
  constexpr std::uint32_t kSign = 0x80000000U;
  constexpr std::uint32_t kDigits = 1U << 11U;
  LargeVector<std::uint32_t>& keys = scratch.keys;
  LargeVector<std::uint32_t>& sorted = scratch.sorted;
  keys.resize(values.size());
  sorted.resize(values.size());
  constexpr std::uint32_t kPasses = 3;
  std::array<std::vector<std::uint32_t>, kPasses> places;
  for (auto& of_digit : places) of_digit.resize(kDigits);
  const auto digit = [](std::uint32_t key, std::uint32_t i) { return key >> (11 * i) & (kDigits - 1); };
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    keys[i] = bits >= kSign ? ~bits : bits | kSign;
    for (std::uint32_t j = 0; j < kPasses; ++j) ++places[j][digit(keys[i], j)];
  }
  for (std::uint32_t j = 0; j < kPasses; ++j) {
    std::exclusive_scan(places[j].begin(), places[j].end(), places[j].begin(), 0U);
    for (const std::uint32_t key : keys) sorted[places[j][digit(key, j)]++] = key;
    keys.swap(sorted);
  }
  std::ranges::transform(keys, values.begin(),
                         [](std::uint32_t key) { return std::bit_cast<float>(key >= kSign ? key & ~kSign : ~key); });
}

}  // namespace

FeatureBins::FeatureBins(std::span<float> values, std::uint32_t max_bins, bool fine, BinScratch& scratch) {
  sort(values, scratch);
  find_runs(values, scratch.runs);
  const std::span<const Run> runs = scratch.runs;
  first_.assign(1, 0);
  std::uint32_t n_fine = 0;
  float last = 0;
  edges_.reserve(std::min<std::size_t>(runs.size(), fine ? max_bins * kMostFineBins : max_bins));
  const auto add = [&](std::span<const Run> bin) {
    if (n_fine++ > 0) edges_.push_back(middle(last, bin.front().value));
    last = bin.back().value;
  };
  divide(runs, max_bins, [&](std::span<const Run> bin) {
    if (fine) {
      divide(bin, kMostFineBins, add);
    } else {
      add(bin);
    }
    first_.push_back(n_fine);
  });
  edges_.shrink_to_fit();                       // it stays as long as the data set
  if (first_.size() == 1) first_.push_back(0);  // no value at all
  coarse_edges_.assign(256, std::numeric_limits<float>::infinity());
  for (std::size_t coarse = 1; coarse + 1 < first_.size(); ++coarse)
    coarse_edges_[coarse - 1] = edges_[first_[coarse] - 1];
}

void FeatureBins::find(std::span<const float> values, std::span<BinCode> codes) const {
  // Several at a time, so that they need not wait for each other, and without branches that depend on the values.
  constexpr std::size_t kLanes = 8;
  const auto for_lanes = [](const auto& body) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) body(lane);
  };
  for (std::size_t begin = 0; begin < values.size(); begin += kLanes) {
    const std::size_t n = std::min(kLanes, values.size() - begin);
    std::array<float, kLanes> own{};
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(begin), n, own.begin());
    std::array<std::uint32_t, kLanes> coarse{};
    for (std::uint32_t step = 128; step > 0; step /= 2) {
      for_lanes([&](std::size_t lane) {
        coarse[lane] += step * static_cast<std::uint32_t>(coarse_edges_[coarse[lane] + step - 1] < own[lane]);
      });
    }
    std::array<std::uint32_t, kLanes> fine{};
    for (std::uint32_t step = has_fine() ? 128 : 0; step > 0; step /= 2) {
      for_lanes([&](std::size_t lane) {
        const std::uint32_t first = first_[coarse[lane]];
        const std::uint32_t next = first + fine[lane] + step;
        const bool is_within = next < first_[coarse[lane] + 1];
        fine[lane] += step * static_cast<std::uint32_t>(is_within & (edges_[is_within ? next - 1 : 0] < own[lane]));
      });
    }
    for (std::size_t lane = 0; lane < n; ++lane) {
      codes[begin + lane] = {static_cast<std::uint8_t>(coarse[lane]), static_cast<std::uint8_t>(fine[lane])};
      if (std::isnan(own[lane])) codes[begin + lane] = {kMissing, 0};
    }
  }
}

}  // namespace gpu_host::forest
