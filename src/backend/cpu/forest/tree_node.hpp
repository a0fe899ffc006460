// What growing a tree does with one node, however it goes from node to node (docs/forest-numerics.md, 5 and 6).
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <ranges>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/forest/node_rows.hpp"
#include "backend/cpu/forest/split_search.hpp"
#include "backend/cpu/forest/statistics.hpp"
#include "backend/cpu/poll.hpp"
#include "forest/bins.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

// make(statistic), of the one that trees by these parameters are grown with.
template <class Make>
auto with_statistic(const DataSet& data, const forest::Parameters& parameters, const Make& make) {
  const Target target{.is_class = data.n_classes() > 0, .bits = data.targets().bits};
  const std::uint32_t n_draws = parameters.n_draws.value_or(data.n_rows());
  const bool is_weighted = parameters.balanced_subsample || !data.criterion_weights().empty();
  const auto weight_bits = static_cast<std::uint32_t>(std::bit_width(n_draws)) +
                           (is_weighted ? forest::bits_of_criterion_weights(n_draws) : 0);
  const bool counts_rows = parameters.min_samples_leaf > 1 && (is_weighted || parameters.n_draws.has_value());
  if (data.n_classes() > 2) {
    const std::uint32_t n_cells = data.n_classes() + (counts_rows ? 1 : 0);
    if (n_cells <= 8) return make(ClassCounts<8>(data.n_classes(), counts_rows));
    if (n_cells <= 32) return make(ClassCounts<32>(data.n_classes(), counts_rows));
    return make(ClassCounts<264>(data.n_classes(), counts_rows));
  }
  const std::uint32_t sum_bits = weight_bits + (target.is_class ? 1 : target.bits + 1);
  if (counts_rows || weight_bits + sum_bits > 63) return make(WideSums(target));
  return make(PackedSums(target, weight_bits));
}

// What follows means nothing where the poll says to stop.

template <class Statistic, class Rows>
[[nodiscard]] auto sums_of(const Statistic& statistic, const Rows& rows, const NodeRange& node, Poll& poll) {
  auto sums = statistic.nothing();
  rows.for_places(node, poll, [&](std::uint32_t i) { statistic.add_row(sums, rows.contribution(i)); });
  return sums;
}

template <class Rows>
[[nodiscard]] bool is_pure(const Rows& rows, const NodeRange& node, Poll& poll) {
  const std::int32_t first = rows.target(node.begin);
  for (std::uint32_t i = node.begin + 1; i < node.end && !poll.stop(); ++i) {
    if (rows.target(i) != first) return false;
  }
  return true;
}

// Of a leaf of a regression.
template <class Rows>
[[nodiscard]] float value_of(const forest::Targets& targets, const Rows& rows, const NodeRange& node, Poll& poll) {
  std::int64_t sum = 0;
  std::int64_t weight = 0;
  rows.for_places(node, poll, [&](std::uint32_t i) {
    sum += std::int64_t{rows.target(i)} * rows.weight(i);
    weight += rows.weight(i);
  });
  const double mean = static_cast<double>(sum) / static_cast<double>(weight);
  return static_cast<float>(targets.center + mean * (targets.most / 0x1p30));
}

// The last fine bin whose values are all at most the threshold, and not the feature's last bin.
[[nodiscard]] inline std::optional<Place> last_place_below(const forest::FeatureBins& bins, float threshold) {
  const std::uint32_t n_bins = bins.first(bins.n_coarse());
  if (n_bins == 0) return std::nullopt;
  const auto is_below = [&](std::uint32_t bin) { return bins.edge(bin) <= threshold; };  // not of NaN
  const std::uint32_t n_below = *std::ranges::partition_point(std::views::iota(0U, n_bins - 1), is_below);
  if (n_below == 0) return std::nullopt;
  const auto is_up_to = [&](std::uint32_t coarse) { return bins.first(coarse) < n_below; };
  const std::uint32_t coarse = *std::ranges::partition_point(std::views::iota(1U, bins.n_coarse()), is_up_to) - 1;
  return Place{coarse, n_below - 1 - bins.first(coarse)};
}

inline constexpr std::uint32_t kInfinity = std::numeric_limits<std::uint32_t>::max();  // as an edge

// The edge that is the threshold of a split that the search found.
template <class Sums>
[[nodiscard]] std::uint32_t edge_of(const DataSet& data, const Split<Sums>& split) {
  if (split.left.coarse == kAllLeft) return kInfinity;
  const forest::FeatureBins& bins = data.bins(split.feature);
  const std::uint32_t last = bins.first(split.left.coarse) + split.left.fine;
  const std::uint32_t next = bins.first(split.right.coarse) + split.right.fine;
  return (last + next - 1) / 2;
}

[[nodiscard]] inline float threshold_of(const DataSet& data, std::uint32_t feature, std::uint32_t edge) {
  return edge == kInfinity ? std::numeric_limits<float>::infinity() : data.bins(feature).edge(edge);
}

}  // namespace gpu_host::cpu
