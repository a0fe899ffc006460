// Finds the best split of a node (docs/forest-numerics.md, 5).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/forest/feature_order.hpp"
#include "backend/cpu/forest/node_rows.hpp"
#include "backend/cpu/forest/occupied.hpp"
#include "backend/cpu/forest/search_loops.hpp"
#include "backend/cpu/forest/statistics.hpp"
#include "backend/cpu/poll.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

template <class Sums>
struct Split {
  bool is_found = false;
  std::uint32_t feature = 0;
  Place left;              // the last occupied bin of the left side; coarse == kAllLeft: all
  Place right;             // the first of the right side
  bool is_coarse = false;  // between coarse bins, of which the fine ones have not been looked at
  bool has_missing = false;
  bool missing_left = false;
  std::uint64_t score = 0;
  Sums sums{};  // of the left side

  [[nodiscard]] Cut cut() const { return {feature, left, missing_left}; }
};

// Keeps its memory from node to node. `data`, `parameters` and `statistic` outlive it.
template <class Statistic>
class SplitSearch {
 public:
  using Sums = Statistic::Sums;

  SplitSearch(const DataSet& data, const forest::Parameters& parameters, const Statistic& statistic)
      : data_(data),
        parameters_(parameters),
        statistic_(statistic),
        n_tried_(parameters.max_features == 0 ? data.n_features() : parameters.max_features),
        order_(data.n_features(), n_tried_),
        has_least_sides_(parameters.min_samples_leaf > 1 || parameters.min_weight_fraction_leaf > 0),
        histograms_(n_tried_ * kBins * statistic.cells()),
        fine_histogram_(kMostCandidates * statistic.cells()),
        bins_(kMostCandidates),
        lefts_(kMostCandidates),
        missing_lefts_(kMostCandidates),
        estimates_(kMostCandidates),
        missing_left_estimates_(kMostCandidates) {}

  // `sums`: of all rows of the node. `root_weight`: the tree's. Finds none where the poll says to stop.
  template <class Rows>
  Split<Sums> find(const Rows& rows, const NodeRange& node, const Sums& sums, forest::Key key,
                   std::uint64_t root_weight, Poll& poll) {
    if (has_least_sides_) {
      least_weight_ = parameters_.least_weight(root_weight);
      if (node.size() / 2 < parameters_.min_samples_leaf || statistic_.weight(sums) / 2 < least_weight_) return {};
    }
    order_.begin_node(key);
    if (node.size() == 2 && !has_least_sides_ && parameters_.min_impurity_decrease <= 0)
      return split_of_two(rows, node);
    Best best(statistic_, sums);
    std::uint32_t n_done = 0;
    if constexpr (!Rows::kAreSmall) {
      if (node.size() > kFineRows) {
        fill_histograms(rows, node, poll);
        if (poll.stop(0)) {
          std::ranges::fill(histograms_, Cell{});
          return {};
        }
        for (; n_done < n_tried_; ++n_done) {
          Cell* const histogram = &histograms_[n_done * kBins * cells()];
          Occupied<kBins> occupied;
          for (std::uint32_t bin = 0; bin < kBins; ++bin) {
            if (!statistic_.is_empty(histogram + bin * cells())) occupied.insert(bin);
          }
          consider(rows, node, best, order_[n_done], histogram, occupied, poll);
          clear(histogram, occupied);
        }
      }
    }
    for (; n_done < order_.size() && (n_done < n_tried_ || !best.split.is_found); ++n_done) {
      if (poll.stop(node.size())) return {};
      if (node.size() <= kFineRows) {
        consider_sorted(rows, node, best, order_[n_done]);
      } else {
        consider(rows, node, best, order_[n_done], poll);
      }
    }
    if (best.split.is_coarse) refine(rows, node, best, poll);
    if (poll.stop(0)) return {};
    if (best.split.is_found && parameters_.min_impurity_decrease > 0) {
      best.split.is_found = gains_enough(best, root_weight);
    }
    return std::move(best.split);
  }

 private:
  using Cell = Statistic::Cell;
  using Row = Statistic::Row;
  using Left = Statistic::Left;
  using LeftSide = Statistic::LeftSide;

  static constexpr std::uint32_t kBins = 256;
  // Of a node whose rows with a value are in so few coarse bins of a feature, its fine bins are looked at.
  static constexpr std::uint32_t kFewBins = 4;
  static constexpr std::uint32_t kMostCandidates = kFewBins * forest::kMostFineBins;
  // The same of a node of so few rows: they are sorted.
  static constexpr std::uint32_t kFineRows = kMostKeys;

  // The best split so far, and what candidates are compared by.
  struct Best {
    Best(const Statistic& statistic, const Sums& all) : sums(all), scorer(statistic, all) {}
    [[nodiscard]] LeftSide left_side(const Statistic& statistic, const Sums& begin) const {
      return LeftSide(statistic, sums, scorer, begin);
    }

    const Sums& sums;
    Statistic::Scorer scorer;
    Split<Sums> split;
    double least = -1;  // what a score must reach, before it is shifted and rounded
  };

  // Of a bin.
  [[nodiscard]] std::size_t cells() const { return statistic_.cells(); }

  static Split<Sums> all_left(std::uint32_t feature) {
    return {.is_found = true, .feature = feature, .left = {kAllLeft, 0}, .right = {}, .has_missing = true};
  }

  static Place place_of(std::uint32_t code) { return {code >> 8U, code & 0xFFU}; }

  // Of two rows every feature that tells them apart makes the same two sides: the first does.
  template <class Rows>
  Split<Sums> split_of_two(const Rows& rows, const NodeRange& node) {
    for (std::uint32_t j = 0; j < order_.size(); ++j) {
      const std::uint16_t one = rows.code(order_[j], node.begin);
      const std::uint16_t other = rows.code(order_[j], node.begin + 1);
      if (one == other) continue;
      Split<Sums> split = all_left(order_[j]);
      const std::uint16_t low = std::min(one, other);
      const std::uint16_t high = std::max(one, other);  // a missing value's is the highest
      if (high >> 8U != forest::kMissing) {
        split.left = place_of(low);
        split.right = place_of(high);
        split.has_missing = false;
      }
      split.sums = statistic_.nothing();
      statistic_.add_row(split.sums, rows.contribution(one == low ? node.begin : node.begin + 1));
      return split;
    }
    return {};
  }

  // Of the features that are tried, in one pass over the rows for every 16.
  template <class Rows>
  void fill_histograms(const Rows& rows, const NodeRange& node, Poll& poll) {
    constexpr std::uint32_t kAtOnce = 16;
    for (std::uint32_t begin = 0; begin < n_tried_; begin += kAtOnce) {
      const std::uint32_t n = std::min(kAtOnce, n_tried_ - begin);
      std::array<std::uint32_t, kAtOnce> features{};
      for (std::uint32_t j = 0; j < n; ++j) features[j] = order_[begin + j];
      Cell* const histograms = &histograms_[begin * kBins * cells()];
      const auto add = [&](std::uint32_t i) {
        const std::uint8_t* const record = rows.record(i);
        const Row row = rows.contribution(i);
        for (std::uint32_t j = 0; j < n; ++j) {
          statistic_.add(histograms + (j * kBins + record[features[j]]) * cells(), row);
        }
      };
      rows.for_places(node, poll, add, n);
    }
  }

  template <std::uint32_t N>
  void clear(Cell* histogram, const Occupied<N>& occupied) const {
    occupied.for_each([&](std::uint32_t bin) { statistic_.clear(histogram + bin * cells()); });
  }

  // All candidates of one feature.
  template <class Rows>
  void consider(const Rows& rows, const NodeRange& node, Best& best, std::uint32_t feature, Poll& poll) {
    Cell* const histogram = histograms_.data();
    rows.for_each(feature, node, poll, [&](std::uint8_t bin, const auto& /*fine*/, const auto& row) {
      statistic_.add(histogram + bin * cells(), row());
      seen_[bin] = 1;
    });
    const Occupied<kBins> occupied = Occupied<kBins>::taken_from(seen_);
    consider(rows, node, best, feature, histogram, occupied, poll);
    clear(histogram, occupied);
  }

  template <class Rows>
  void consider(const Rows& rows, const NodeRange& node, Best& best, std::uint32_t feature, const Cell* histogram,
                Occupied<kBins> occupied, Poll& poll) {
    const Cell* const missing = occupied.contains(forest::kMissing) ? histogram + forest::kMissing * cells() : nullptr;
    if (missing != nullptr) occupied.erase(forest::kMissing);
    if (!shows_fine_bins(data_.bins(feature), occupied)) {
      scan(best, feature, histogram, occupied, missing, [](std::uint32_t bin) { return Place{bin, 0}; }, true);
      return;
    }
    std::array<std::uint8_t, kBins> slots;  // of the coarse bins
    std::array<std::uint32_t, kFewBins> bins{};
    std::uint8_t n_slots = 0;
    occupied.for_each([&](std::uint32_t bin) {
      slots[bin] = n_slots;
      bins[n_slots++] = bin;
    });
    Cell* const fine = fine_histogram_.data();
    Occupied<kFewBins * forest::kMostFineBins> occupied_fine;
    rows.for_each(feature, node, poll, [&](std::uint8_t coarse, const auto& fine_of, const auto& row) {
      if (coarse == forest::kMissing) return;
      const std::uint32_t bin = slots[coarse] * forest::kMostFineBins + fine_of();
      statistic_.add(fine + bin * cells(), row());
      occupied_fine.insert(bin);
    });
    const auto place = [&bins](std::uint32_t bin) {
      return Place{bins[bin / forest::kMostFineBins], bin % forest::kMostFineBins};
    };
    scan(best, feature, fine, occupied_fine, missing, place, false);
    clear(fine, occupied_fine);
  }

  static bool shows_fine_bins(const forest::FeatureBins& bins, const Occupied<kBins>& occupied) {
    if (occupied.are_more_than(kFewBins)) return false;
    bool any = false;
    occupied.for_each([&](std::uint32_t bin) { any |= bins.is_divided(bin); });
    return any;
  }

  // All candidates between the occupied bins of a histogram. `missing`: the cell of missing values, null without any.
  template <std::uint32_t N, class PlaceOf>
  void scan(Best& best, std::uint32_t feature, const Cell* histogram, const Occupied<N>& occupied, const Cell* missing,
            const PlaceOf& place, bool is_coarse) {
    std::uint32_t n = 0;
    LeftSide left = best.left_side(statistic_, statistic_.nothing());
    occupied.for_each([&](std::uint32_t bin) {
      left.add_bin(histogram + bin * cells());
      lefts_[n] = left.left();
      bins_[n++] = static_cast<std::uint16_t>(bin);
    });
    Sums all_missing = statistic_.nothing();
    if (missing != nullptr) {
      statistic_.add_bin(all_missing, missing);
      LeftSide with_missing = best.left_side(statistic_, all_missing);
      for (std::uint32_t i = 0; i < n; ++i) {
        with_missing.add_bin(histogram + bins_[i] * cells());
        missing_lefts_[i] = with_missing.left();
      }
    }
    const auto add_first = [&](Sums& sums, std::uint32_t n_bins) {
      for (std::uint32_t i = 0; i < n_bins; ++i) statistic_.add_bin(sums, histogram + bins_[i] * cells());
    };
    choose(best, feature, n, missing != nullptr ? &all_missing : nullptr, place, is_coarse, add_first);
  }

  // All candidates of one feature, of few rows.
  template <class Rows>
  void consider_sorted(const Rows& rows, const NodeRange& node, Best& best, std::uint32_t feature) {
    const std::uint32_t n = node.size();
    for (std::uint32_t i = 0; i < n; ++i) {
      keys_[i] = static_cast<std::int32_t>(rows.code(feature, node.begin + i) * kFineRows + i);
    }
    loops_.sort(keys_.data(), n, sorted_.data());
    const auto code = [&](std::uint32_t i) { return static_cast<std::uint32_t>(sorted_[i]) / kFineRows; };
    const auto row = [&](std::uint32_t i) {
      return rows.contribution(node.begin + static_cast<std::uint32_t>(sorted_[i]) % kFineRows);
    };
    Sums missing = statistic_.nothing();
    std::uint32_t n_present = n;
    for (; n_present > 0 && code(n_present - 1) >> 8U == forest::kMissing; --n_present) {
      statistic_.add_row(missing, row(n_present - 1));
    }
    const auto add_up = [&](LeftSide left, Left* lefts) {
      std::uint16_t* const bins = bins_.data();
      std::uint32_t last = 0;
      for (std::uint32_t i = 0; i < n_present; ++i) {
        if (i > 0) last += code(i) != code(i - 1) ? 1 : 0;
        left.add_row(row(i));
        lefts[last] = left.left();
        bins[last] = static_cast<std::uint16_t>(code(i));
      }
      return last + 1;
    };
    const std::uint32_t n_bins = add_up(best.left_side(statistic_, statistic_.nothing()), lefts_.data());
    if (n_present < n) (void)add_up(best.left_side(statistic_, missing), missing_lefts_.data());
    const auto add_first = [&](Sums& sums, std::uint32_t n_of_them) {
      for (std::uint32_t i = 0; i < n_present && code(i) <= bins_[n_of_them - 1]; ++i) statistic_.add_row(sums, row(i));
    };
    choose(best, feature, n_present == 0 ? 0 : n_bins, n_present < n ? &missing : nullptr, place_of, false, add_first);
  }

  // Of the candidates between the first n + 1 of bins_: which estimate one must have to be the best, infinity where
  // none has.
  float estimate(const Best& best, std::uint32_t n, bool has_missing) {
    if constexpr (requires { best.scorer.narrow(); }) {
      const std::optional<NarrowSums>& node = best.scorer.narrow();
      if (node) {
        float most = loops_.estimate(*node, lefts_.data(), n, estimates_.data());
        if (has_missing) {
          most = std::max(most, loops_.estimate(*node, missing_lefts_.data(), n, missing_left_estimates_.data()));
        }
        constexpr double kSlack = 1 - 0x1p-19;
        const double of_best = best.scorer.estimate_of(best.least) * kSlack;
        if (most < of_best) return std::numeric_limits<float>::infinity();
        if (has_least_sides_) return static_cast<float>(of_best);  // the highest may not be valid
        return static_cast<float>(std::max(of_best, (most - best.scorer.rounding()) * kSlack));
      }
    }
    return 0;  // which all estimates_ reach
  }

  // The best of the candidates of one feature: between its n bins_, with lefts_ in and below them, or missing_lefts_
  // with the missing ones. add_first(sums, i) adds the first i bins.
  template <class PlaceOf, class AddFirst>
  void choose(Best& best, std::uint32_t feature, std::uint32_t n, const Sums* missing, const PlaceOf& place,
              bool is_coarse, const AddFirst& add_first) {
    if (n == 0) return;
    const std::uint32_t n_between = n - 1;
    const float least = estimate(best, n_between, missing != nullptr);
    std::uint32_t chosen = n;
    const std::uint32_t n_looked_at = least < std::numeric_limits<float>::infinity() ? n_between : 0;
    for (std::uint32_t i = 0; i < n_looked_at; ++i) {
      if (estimates_[i] >= least && try_split(best, lefts_[i], feature, false)) chosen = i;
      if (missing == nullptr || missing_left_estimates_[i] < least) continue;
      if (try_split(best, missing_lefts_[i], feature, true)) chosen = i;
    }
    Split<Sums>& split = best.split;
    if (missing != nullptr && try_split(best, lefts_[n - 1], feature, false)) {
      split.left = {kAllLeft, 0};
      split.is_coarse = false;
      chosen = n_between;
    } else if (chosen < n) {
      split.left = place(bins_[chosen]);
      split.right = place(bins_[chosen + 1]);
      split.is_coarse = is_coarse;
    } else {
      return;
    }
    split.has_missing = missing != nullptr;
    if constexpr (std::is_same_v<Left, Sums>) {
      split.sums = (split.missing_left ? missing_lefts_ : lefts_)[chosen];
    } else {
      split.sums = split.missing_left ? *missing : statistic_.nothing();
      add_first(split.sums, chosen + 1);
    }
  }

  // Whether its sides are.
  bool are_enough(const Best& best, const Left& left) const {
    const std::uint64_t n = statistic_.rows(left);
    if (n < parameters_.min_samples_leaf || statistic_.rows(best.sums) - n < parameters_.min_samples_leaf) return false;
    const std::int64_t lighter = std::min(best.scorer.left(left).weight, best.scorer.right(left).weight);
    return static_cast<std::uint64_t>(lighter) >= least_weight_;
  }

  // Whether the candidate is better than the best, which it then replaces, but for its sums.
  bool try_split(Best& best, const Left& left, std::uint32_t feature, bool missing_left) {
    if (has_least_sides_ && !are_enough(best, left)) return false;
    const Side a = best.scorer.left(left);
    const Side b = best.scorer.right(left);
    // Most are worse by far: then no division is needed.
    const auto a_weight = static_cast<double>(a.weight);
    const auto b_weight = static_cast<double>(b.weight);
    if (static_cast<double>(a.square) * b_weight + static_cast<double>(b.square) * a_weight <
        best.least * (a_weight * b_weight)) {
      return false;
    }
    const std::uint32_t shift = best.scorer.shift();
    const std::uint64_t score = a.score(shift) + b.score(shift);
    if (best.split.is_found && score <= best.split.score) return false;
    best.split.is_found = true;
    best.split.feature = feature;
    best.split.missing_left = missing_left;
    best.split.score = score;
    best.least = static_cast<double>(score) / static_cast<double>(std::uint64_t{1} << shift) * (1 - 1e-13);
    return true;
  }

  // The best split between the fine bins of the two coarse ones around the best.
  template <class Rows>
  void refine(const Rows& rows, const NodeRange& node, Best& best, Poll& poll) {
    const Split<Sums> coarse = best.split;
    const forest::FeatureBins& bins = data_.bins(coarse.feature);
    if (!bins.is_divided(coarse.left.coarse) && !bins.is_divided(coarse.right.coarse)) return;
    Cell* const low = fine_histogram_.data();
    Cell* const high = low + forest::kMostFineBins * cells();
    Occupied<kBins> occupied_low;
    Occupied<kBins> occupied_high;
    rows.for_each(coarse.feature, node, poll, [&](std::uint8_t bin, const auto& fine_of, const auto& row) {
      if (bin != coarse.left.coarse && bin != coarse.right.coarse) return;
      const bool is_low = bin == coarse.left.coarse;
      const std::uint8_t fine = fine_of();
      statistic_.add((is_low ? low : high) + fine * cells(), row());
      (is_low ? occupied_low : occupied_high).insert(fine);
    });
    Sums sums = coarse.sums;
    occupied_low.for_each([&](std::uint32_t bin) { statistic_.subtract_bin(sums, low + bin * cells()); });
    LeftSide left = best.left_side(statistic_, sums);
    best.split.is_found = false;
    best.least = -1;
    std::optional<Place> last;
    const auto next = [&](const Place& place, const Cell* bin) {
      if (last) {
        if (try_split(best, left.left(), coarse.feature, coarse.missing_left)) {
          best.split.sums = sums;
          best.split.left = *last;
          best.split.right = place;
        }
      }
      left.add_bin(bin);
      statistic_.add_bin(sums, bin);
      last = place;
    };
    occupied_low.for_each([&](std::uint32_t bin) { next({coarse.left.coarse, bin}, low + bin * cells()); });
    occupied_high.for_each([&](std::uint32_t bin) { next({coarse.right.coarse, bin}, high + bin * cells()); });
    clear(low, occupied_low);
    clear(high, occupied_high);
  }

  bool gains_enough(const Best& best, std::uint64_t root_weight) const {
    const double scale = data_.n_classes() > 0 ? 1 : std::exp2(data_.targets().bits) / data_.targets().most;
    const double theta = parameters_.min_impurity_decrease * static_cast<double>(root_weight) * scale * scale;
    const int shift = static_cast<int>(best.scorer.shift());
    const double least = std::ceil(std::ldexp(theta, shift - 2 * static_cast<int>(best.scorer.right_shift())));
    const std::uint64_t own = best.scorer.all().score(best.scorer.shift());
    return static_cast<double>(best.split.score - std::min(best.split.score, own)) >= least;
  }

  const DataSet& data_;
  const forest::Parameters& parameters_;
  const Statistic& statistic_;
  std::uint32_t n_tried_;
  FeatureOrder order_;
  bool has_least_sides_;            // whether sides of a split may be too small
  std::uint64_t least_weight_ = 0;  // of a side
  std::vector<Cell> histograms_;    // empty between nodes
  std::vector<Cell> fine_histogram_;
  SearchLoops loops_ = search_loops();
  // Of one feature.
  std::array<std::uint8_t, kBins> seen_{};      // 1 of bins with rows; 0 between searches
  std::array<std::int32_t, kFineRows> keys_{};  // bins, then the row
  std::array<std::int32_t, kFineRows + 1> sorted_{};
  std::vector<std::uint16_t> bins_;
  std::vector<Left> lefts_;
  std::vector<Left> missing_lefts_;
  std::vector<float> estimates_;  // none is negative, also of those before
  std::vector<float> missing_left_estimates_;
};

}  // namespace gpu_host::cpu
