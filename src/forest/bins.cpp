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

// Distinct values, each with its number of occurrences.
struct Run {
  float value;
  std::uint32_t count;
};

std::vector<Run> runs_of(std::span<const float> sorted) {
  std::vector<Run> runs;
  for (const float value : sorted) {
    if (runs.empty() || runs.back().value != value) runs.push_back({value, 0});
    ++runs.back().count;
  }
  return runs;
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

// How many of the `n` edges, in order, are below the value. No branch depends on it.
std::uint32_t n_below(const float* edges, std::uint32_t n, float value) {
  std::uint32_t below = 0;
  while (n > 0) {
    const std::uint32_t half = (n + 1) / 2;
    below += edges[below + half - 1] < value ? half : 0;
    n -= half;
  }
  return below;
}

// By digits of 11 bits.
void sort(std::span<float> values) {
  constexpr std::size_t kFew = 2000;
  if (values.size() < kFew) {
    std::ranges::sort(values);
    return;
  }
  constexpr std::uint32_t kSign = 0x80000000U;
  constexpr std::uint32_t kDigits = 1U << 11U;
  std::vector<std::uint32_t> keys(values.size());  // in the order of the values
  std::vector<std::uint32_t> sorted(values.size());
  std::array<std::vector<std::uint32_t>, 3> places;
  for (auto& of_digit : places) of_digit.resize(kDigits);
  const auto digit = [](std::uint32_t key, std::uint32_t i) { return key >> (11 * i) & (kDigits - 1); };
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    keys[i] = bits >= kSign ? ~bits : bits | kSign;
    for (std::uint32_t j = 0; j < places.size(); ++j) ++places[j][digit(keys[i], j)];
  }
  for (std::uint32_t j = 0; j < places.size(); ++j) {
    std::exclusive_scan(places[j].begin(), places[j].end(), places[j].begin(), 0U);
    for (const std::uint32_t key : keys) sorted[places[j][digit(key, j)]++] = key;
    keys.swap(sorted);
  }
  std::ranges::transform(keys, values.begin(),
                         [](std::uint32_t key) { return std::bit_cast<float>(key >= kSign ? key & ~kSign : ~key); });
}

}  // namespace

FeatureBins::FeatureBins(std::span<float> values, std::uint32_t max_bins, bool fine) {
  sort(values);
  const std::vector<Run> runs = runs_of(values);
  first_.assign(1, 0);
  std::uint32_t n_fine = 0;
  float last = 0;
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
  if (first_.size() == 1) first_.push_back(0);  // no value at all
  coarse_edges_.assign(256, std::numeric_limits<float>::infinity());
  for (std::size_t coarse = 1; coarse + 1 < first_.size(); ++coarse)
    coarse_edges_[coarse - 1] = edges_[first_[coarse] - 1];
}

BinCode FeatureBins::code(float value) const {
  if (std::isnan(value)) return {kMissing, 0};
  std::uint32_t coarse = 0;
  for (std::uint32_t step = 128; step > 0; step /= 2) coarse += coarse_edges_[coarse + step - 1] < value ? step : 0;
  const std::uint32_t n_edges = first_[coarse + 1] - first_[coarse];
  const std::uint32_t fine = n_edges <= 1 ? 0 : n_below(&edges_[first_[coarse]], n_edges - 1, value);
  return {static_cast<std::uint8_t>(coarse), static_cast<std::uint8_t>(fine)};
}

}  // namespace gpu_host::forest
