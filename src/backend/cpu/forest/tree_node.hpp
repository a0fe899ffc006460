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
#include "forest/bins.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

// make(statistic), of the one that trees by these parameters are grown with.
template <class Make>
auto with_statistic(const DataSet& data, const forest::Parameters& parameters, const Make& make) {
  if (data.n_classes() > 2) return make(ClassCounts(data.n_classes()));
  const Target target{.is_class = data.n_classes() > 0, .bits = data.targets().bits};
  const std::uint32_t n_draws = parameters.n_draws.value_or(data.n_rows());
  const bool is_weighted = parameters.balanced_subsample || !data.criterion_weights().empty();
  const auto weight_bits = static_cast<std::uint32_t>(std::bit_width(n_draws)) +
                           (is_weighted ? forest::bits_of_criterion_weights(n_draws) : 0);
  const std::uint32_t sum_bits = weight_bits + (target.is_class ? 1 : target.bits + 1);
  const bool counts_rows = parameters.min_samples_leaf > 1 && (is_weighted || parameters.n_draws.has_value());
  if (counts_rows || weight_bits + sum_bits > 63) return make(WideSums(target));
  return make(PackedSums(target, weight_bits));
}

template <class Rows>
[[nodiscard]] bool is_pure(const NodeRange& node, const Rows& rows) {
  const std::int32_t first = rows.target(node.begin);
  for (std::uint32_t i = node.begin + 1; i < node.end; ++i) {
    if (rows.target(i) != first) return false;
  }
  return true;
}

// Of a leaf of a regression: `sum` is Σ m·p.
[[nodiscard]] inline float value_of(const forest::Targets& targets, std::int64_t sum, std::int64_t weight) {
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

// Tells which rows go left.
class Divider {
 public:
  // `last`: the left side's last bin, of coarse bins that are not divided also one that is only coarse.
  Divider(const DataSet& data, std::uint32_t feature, const Place& last, bool missing_left)
      : feature_(feature),
        last_(last),
        missing_left_(missing_left),
        needs_fine_(last.coarse != kAllLeft && data.bins(feature).is_divided(last.coarse)) {}

  template <class Rows>
  [[nodiscard]] bool goes_left(const Rows& rows, std::uint32_t i) const {
    const std::uint32_t coarse = rows.coarse(feature_, i);
    if (coarse == forest::kMissing) return missing_left_;
    if (needs_fine_ && coarse == last_.coarse) return rows.fine(feature_, i) <= last_.fine;
    return coarse <= last_.coarse;
  }

 private:
  std::uint32_t feature_;
  Place last_;
  bool missing_left_;
  bool needs_fine_;
};

// Of a split that the search found.
template <class Sums>
[[nodiscard]] float threshold_of(const DataSet& data, const Split<Sums>& split) {
  if (split.left.coarse == kAllLeft) return std::numeric_limits<float>::infinity();
  const forest::FeatureBins& bins = data.bins(split.feature);
  const std::uint32_t last = bins.first(split.left.coarse) + split.left.fine;
  const std::uint32_t next = bins.first(split.right.coarse) + split.right.fine;
  return bins.edge((last + next - 1) / 2);
}

}  // namespace gpu_host::cpu
