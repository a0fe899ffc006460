// Finds the best split of a node (docs/forest-numerics.md, 5).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/forest/feature_order.hpp"
#include "backend/cpu/forest/node_rows.hpp"
#include "backend/cpu/forest/occupied.hpp"
#include "backend/cpu/forest/statistics.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

inline constexpr std::uint32_t kAllLeft = 256;  // as a coarse bin: all values are left, the missing ones right

// A fine bin within a coarse one.
struct Place {
  std::uint32_t coarse = 0;
  std::uint32_t fine = 0;
};

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
};

// Keeps its memory from node to node. `data`, `parameters` and `statistic` outlive it.
template <class Statistic>
class SplitSearch {
 public:
  using Sums = typename Statistic::Sums;

  SplitSearch(const DataSet& data, const forest::Parameters& parameters, const Statistic& statistic)
      : data_(data),
        parameters_(parameters),
        statistic_(statistic),
        n_tried_(parameters.max_features == 0 ? data.n_features() : parameters.max_features),
        order_(data.n_features(), n_tried_),
        histograms_(n_tried_ * kBins * statistic.cells()),
        fine_histogram_(kFewBins * forest::kMostFineBins * statistic.cells()) {}

  // Elements that find() looks at, of a node of so many rows.
  [[nodiscard]] std::uint64_t work(const NodeRange& node) const { return std::uint64_t{node.size()} * n_tried_; }

  // `sums`: of all rows of the node. `root_weight`: the tree's.
  template <class Rows>
  Split<Sums> find(const Rows& rows, const NodeRange& node, const Sums& sums, forest::Key key,
                   std::uint64_t root_weight) {
    order_.begin_node(key);
    if constexpr (Rows::kAreSmall) {
      const bool is_plain = parameters_.min_samples_leaf <= 1 && parameters_.min_impurity_decrease <= 0;
      if (node.size() == 2 && is_plain) return split_of_two(rows, node);
    }
    Best best(statistic_, sums);
    std::uint32_t n_done = 0;
    if constexpr (!Rows::kAreSmall) {
      fill_histograms(rows, node);
      for (; n_done < n_tried_; ++n_done) {
        Cell* const histogram = &histograms_[n_done * kBins * cells()];
        Occupied<kBins> occupied;
        for (std::uint32_t bin = 0; bin < kBins; ++bin) {
          if (!statistic_.is_empty(histogram + bin * cells())) occupied.insert(bin);
        }
        consider(rows, node, best, order_[n_done], histogram, occupied);
        clear(histogram, occupied);
      }
    }
    for (; n_done < order_.size() && (n_done < n_tried_ || !best.split.is_found); ++n_done) {
      if constexpr (Rows::kAreSmall) {
        if (node.size() <= kTinyNode) {
          consider_sorted(rows, node, best, order_[n_done]);
          continue;
        }
      }
      consider(rows, node, best, order_[n_done]);
    }
    if (best.split.is_coarse) refine(rows, node, best);
    if (best.split.is_found && parameters_.min_impurity_decrease > 0) {
      best.split.is_found = gains_enough(best, root_weight);
    }
    return std::move(best.split);
  }

 private:
  using Cell = typename Statistic::Cell;
  using Row = typename Statistic::Row;

  static constexpr std::uint32_t kBins = 256;
  // Of a node whose rows with a value are in so few coarse bins of a feature, its fine bins are looked at.
  static constexpr std::uint32_t kFewBins = 4;
  // Of so many rows it is less work to sort a feature's bins than to add up a histogram.
  static constexpr std::uint32_t kTinyNode = 8;

  // The best split so far, and what candidates are compared by.
  struct Best {
    Best(const Statistic& statistic, const Sums& all) : sums(all), scorer(statistic, all) {}
    const Sums& sums;
    typename Statistic::Scorer scorer;
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
  void fill_histograms(const Rows& rows, const NodeRange& node) {
    constexpr std::uint32_t kAtOnce = 16;
    for (std::uint32_t begin = 0; begin < n_tried_; begin += kAtOnce) {
      const std::uint32_t n = std::min(kAtOnce, n_tried_ - begin);
      std::array<std::uint32_t, kAtOnce> features{};
      for (std::uint32_t j = 0; j < n; ++j) features[j] = order_[begin + j];
      Cell* const histograms = &histograms_[begin * kBins * cells()];
      for (std::uint32_t i = node.begin; i < node.end; ++i) {
        rows.ask_ahead(i, node);
        const std::uint8_t* const record = rows.record(i);
        const Row row = rows.contribution(i);
        for (std::uint32_t j = 0; j < n; ++j) {
          statistic_.add(histograms + (j * kBins + record[features[j]]) * cells(), row);
        }
      }
    }
  }

  template <std::uint32_t N>
  void clear(Cell* histogram, const Occupied<N>& occupied) const {
    occupied.for_each([&](std::uint32_t bin) { statistic_.clear(histogram + bin * cells()); });
  }

  // All candidates of one feature.
  template <class Rows>
  void consider(const Rows& rows, const NodeRange& node, Best& best, std::uint32_t feature) {
    Cell* const histogram = histograms_.data();
    Occupied<kBins> occupied;
    rows.for_each(feature, node, [&](std::uint8_t bin, const auto& /*fine*/, const auto& row) {
      statistic_.add(histogram + bin * cells(), row());
      occupied.insert(bin);
    });
    consider(rows, node, best, feature, histogram, occupied);
    clear(histogram, occupied);
  }

  template <class Rows>
  void consider(const Rows& rows, const NodeRange& node, Best& best, std::uint32_t feature, const Cell* histogram,
                Occupied<kBins> occupied) {
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
    rows.for_each(feature, node, [&](std::uint8_t coarse, const auto& fine_of, const auto& row) {
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
    Sums left = statistic_.nothing();
    std::optional<std::uint32_t> last;
    occupied.for_each([&](std::uint32_t bin) {
      if (last) {
        const auto split = [&](bool missing_left) {
          return Split<Sums>{.is_found = true,
                             .feature = feature,
                             .left = place(*last),
                             .right = place(bin),
                             .is_coarse = is_coarse,
                             .has_missing = missing != nullptr,
                             .missing_left = missing_left};
        };
        try_split(best, left, [&] { return split(false); });
        if (missing != nullptr) {
          Sums with_missing = left;
          statistic_.add_bin(with_missing, missing);
          try_split(best, with_missing, [&] { return split(true); });
        }
      }
      statistic_.add_bin(left, histogram + bin * cells());
      last = bin;
    });
    if (missing != nullptr && last) try_split(best, left, [feature] { return all_left(feature); });
  }

  // All candidates of one feature, of few rows.
  template <class Rows>
  void consider_sorted(const Rows& rows, const NodeRange& node, Best& best, std::uint32_t feature) {
    std::array<std::uint32_t, kTinyNode> keys;  // bins, then the row
    std::uint32_t n = 0;
    std::array<std::uint32_t, kTinyNode> missing;
    std::uint32_t n_missing = 0;
    for (std::uint32_t i = node.begin; i < node.end; ++i) {
      const std::uint32_t code = rows.code(feature, i);
      if (code >> 8U == forest::kMissing) {
        missing[n_missing++] = i;
        continue;
      }
      const std::uint32_t key = code << 16U | (i - node.begin);
      std::uint32_t at = n++;
      for (; at > 0 && keys[at - 1] > key; --at) keys[at] = keys[at - 1];
      keys[at] = key;
    }
    std::uint32_t n_coarse = 1;
    for (std::uint32_t j = 1; j < n; ++j) n_coarse += keys[j - 1] >> 24U != keys[j] >> 24U ? 1 : 0;
    const bool is_coarse = n_coarse > kFewBins;
    const std::uint32_t unused = is_coarse ? 24 : 16;
    const auto place = [is_coarse](std::uint32_t key) {
      return is_coarse ? Place{key >> 24U, 0} : place_of(key >> 16U);
    };
    Sums left = statistic_.nothing();
    for (std::uint32_t j = 0; j < n; ++j) {
      if (j > 0 && keys[j - 1] >> unused != keys[j] >> unused) {
        const auto split = [&](bool missing_left) {
          return Split<Sums>{.is_found = true,
                             .feature = feature,
                             .left = place(keys[j - 1]),
                             .right = place(keys[j]),
                             .is_coarse = is_coarse,
                             .has_missing = n_missing > 0,
                             .missing_left = missing_left};
        };
        try_split(best, left, [&] { return split(false); });
        if (n_missing > 0) {
          Sums with_missing = left;
          for (std::uint32_t k = 0; k < n_missing; ++k) statistic_.add_row(with_missing, rows.contribution(missing[k]));
          try_split(best, with_missing, [&] { return split(true); });
        }
      }
      statistic_.add_row(left, rows.contribution(node.begin + (keys[j] & 0xFFFFU)));
    }
    if (n > 0 && n_missing > 0) try_split(best, left, [feature] { return all_left(feature); });
  }

  // Takes what `make` makes, where it is better than the best. `left`: the sums of its left side.
  template <class Make>
  void try_split(Best& best, const Sums& left, const Make& make) {
    if (parameters_.min_samples_leaf > 1) {
      const std::uint64_t n = statistic_.rows(left);
      if (n < parameters_.min_samples_leaf || statistic_.rows(best.sums) - n < parameters_.min_samples_leaf) return;
    }
    const Side a = best.scorer.left(left);
    const Side b = best.scorer.right(left);
    // Most are worse by far: then no division is needed.
    const auto a_weight = static_cast<double>(a.weight);
    const auto b_weight = static_cast<double>(b.weight);
    if (static_cast<double>(a.square) * b_weight + static_cast<double>(b.square) * a_weight <
        best.least * (a_weight * b_weight)) {
      return;
    }
    const std::uint32_t shift = best.scorer.shift();
    const std::uint64_t score = (a.square << shift) / a.weight + (b.square << shift) / b.weight;
    if (best.split.is_found && score <= best.split.score) return;
    best.split = make();
    best.split.score = score;
    best.split.sums = left;
    best.least = static_cast<double>(score) / static_cast<double>(std::uint64_t{1} << shift) * (1 - 1e-13);
  }

  // The best split between the fine bins of the two coarse ones around the best.
  template <class Rows>
  void refine(const Rows& rows, const NodeRange& node, Best& best) {
    const Split<Sums> coarse = best.split;
    const forest::FeatureBins& bins = data_.bins(coarse.feature);
    if (!bins.is_divided(coarse.left.coarse) && !bins.is_divided(coarse.right.coarse)) return;
    Cell* const low = fine_histogram_.data();
    Cell* const high = low + forest::kMostFineBins * cells();
    Occupied<kBins> occupied_low;
    Occupied<kBins> occupied_high;
    rows.for_each(coarse.feature, node, [&](std::uint8_t bin, const auto& fine_of, const auto& row) {
      if (bin != coarse.left.coarse && bin != coarse.right.coarse) return;
      const bool is_low = bin == coarse.left.coarse;
      const std::uint8_t fine = fine_of();
      statistic_.add((is_low ? low : high) + fine * cells(), row());
      (is_low ? occupied_low : occupied_high).insert(fine);
    });
    Sums left = coarse.sums;
    occupied_low.for_each([&](std::uint32_t bin) { statistic_.subtract_bin(left, low + bin * cells()); });
    best.split.is_found = false;
    best.least = -1;
    std::optional<Place> last;
    const auto next = [&](const Place& place, const Cell* bin) {
      if (last) {
        try_split(best, left, [&] {
          Split<Sums> split = coarse;
          split.left = *last;
          split.right = place;
          return split;
        });
      }
      statistic_.add_bin(left, bin);
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
    const Side all = best.scorer.left(best.sums);
    const std::uint64_t own = (all.square << best.scorer.shift()) / all.weight;
    return static_cast<double>(best.split.score - std::min(best.split.score, own)) >= least;
  }

  const DataSet& data_;
  const forest::Parameters& parameters_;
  const Statistic& statistic_;
  std::uint32_t n_tried_;
  FeatureOrder order_;
  std::vector<Cell> histograms_;  // empty between nodes
  std::vector<Cell> fine_histogram_;
};

}  // namespace gpu_host::cpu
