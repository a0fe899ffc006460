#include "backend/cpu/forest/grow_tree.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/statistics.hpp"
#include "forest/threefry.hpp"

namespace gpu_host::cpu {
namespace {

// Of so many rows it is less work to sort a feature's bins than to add up a histogram.
constexpr std::uint32_t kTinyNode = 8;
// Rows ahead whose records are asked for.
constexpr std::uint32_t kAhead = 16;
constexpr std::uint32_t kAllLeft = 256;  // as a bin: all values left, the missing ones right

// Of a node whose rows with a value are in so few coarse bins of a feature, its fine bins are looked at.
constexpr std::uint32_t kFewBins = 4;

// Which of N bins are occupied.
template <std::uint32_t N>
class OccupiedOf {
 public:
  void insert(std::uint32_t bin) { words_[bin / 64] |= std::uint64_t{1} << (bin % 64); }
  void erase(std::uint32_t bin) { words_[bin / 64] &= ~(std::uint64_t{1} << (bin % 64)); }
  [[nodiscard]] bool contains(std::uint32_t bin) const { return (words_[bin / 64] >> (bin % 64) & 1U) != 0; }
  [[nodiscard]] bool are_few() const {
    std::uint32_t n = 0;
    for (std::uint64_t word : words_) {
      for (; word != 0; word &= word - 1) {
        if (++n > kFewBins) return false;
      }
    }
    return true;
  }
  // In order.
  template <class Body>
  void for_each(const Body& body) const {
    for (std::uint32_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        body(i * 64 + static_cast<std::uint32_t>(std::countr_zero(word)));
      }
    }
  }

 private:
  std::array<std::uint64_t, N / 64> words_{};
};
using Occupied = OccupiedOf<256>;
using OccupiedFine = OccupiedOf<kFewBins * forest::kMostFineBins>;

// The last bin of the left side and the first of the right: coarse, and fine within them.
struct Place {
  std::uint32_t coarse = 0;
  std::uint32_t fine = 0;
};

template <class Sums>
struct Split {
  bool is_found = false;
  std::uint32_t feature = 0;
  Place left;  // coarse == kAllLeft: all values
  Place right;
  bool is_coarse = false;  // between coarse bins, of which the fine ones have not been looked at
  bool has_missing = false;
  bool missing_left = false;
  std::uint64_t score = 0;
  Sums sums{};  // of the left side
};

template <class Statistic>
class Grower final : public TreeGrower {
  using Sums = typename Statistic::Sums;
  using Cell = typename Statistic::Cell;
  using Row = typename Statistic::Row;

 public:
  Grower(const DataSet& data, const forest::Parameters& parameters, std::uint32_t small_node, Statistic statistic)
      : data_(data),
        parameters_(parameters),
        small_node_(small_node),
        statistic_(std::move(statistic)),
        n_features_(data.n_features()),
        n_tried_(parameters.max_features == 0 ? n_features_ : parameters.max_features),
        histogram_size_(256 * statistic_.cells()),
        histograms_(std::max(n_tried_, 2U) * histogram_size_),
        fine_histogram_(kFewBins * histogram_size_),
        order_(n_features_),
        codes_(std::size_t{n_features_} * kSmallNode),
        small_weights_(kSmallNode),
        small_rows_(kSmallNode),
        small_rows_aside_(kSmallNode),
        small_targets_(kSmallNode),
        small_numbers_(kSmallNode),
        small_numbers_aside_(kSmallNode) {
    std::iota(order_.begin(), order_.end(), 0U);
  }

  forest::Tree grow(std::uint32_t number, Poll& poll) override {
    bag_ = draw_bag(data_, parameters_, number);
    scratch_.resize(bag_.size());
    nodes_.clear();
    stack_.clear();
    Sums all = statistic_.nothing();
    for (const BagRow& entry : bag_) statistic_.add_row(all, statistic_.row(data_.target(entry.row), entry.weight));
    root_weight_ = statistic_.weight(all);
    const forest::Key root = forest::threefry(forest::key_of_seed(parameters_.seed), number, forest::Purpose::root);
    stack_.push_back({.begin = 0,
                      .end = static_cast<std::uint32_t>(bag_.size()),
                      .depth = 0,
                      .parent = kNone,
                      .side = 0,
                      .key = root,
                      .sums = std::move(all)});
    while (!stack_.empty()) {
      Item item = std::move(stack_.back());
      stack_.pop_back();
      if (poll.stop(std::uint64_t{item.end - item.begin} * n_tried_)) break;
      if (item.end - item.begin <= small_node_) {
        grow_small(std::move(item));
      } else {
        grow_node(std::move(item), Large{*this}, stack_);
      }
    }
    return numbered();
  }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  struct Item {
    std::uint32_t begin;
    std::uint32_t end;
    std::uint32_t depth;
    std::uint32_t parent;  // in nodes_
    std::uint32_t side;
    forest::Key key;  // the root's, else the parent's
    Sums sums;
  };

  struct Grown {
    forest::TreeNode node;  // without the threshold, which lies between these
    Place left;
    Place right;
    std::array<std::uint32_t, 2> children{};
    float value = 0;
    Sums sums;
  };

  // Rows of a large node: in the bag, with their records.
  struct Large {
    Grower& grower;

    [[nodiscard]] std::uint32_t row(std::uint32_t i) const { return grower.bag_[i].row; }
    [[nodiscard]] std::uint32_t weight(std::uint32_t i) const { return grower.bag_[i].weight; }
    [[nodiscard]] std::int32_t target(std::uint32_t i) const { return grower.data_.target(row(i)); }
    [[nodiscard]] Row contribution(std::uint32_t i) const { return grower.statistic_.row(target(i), weight(i)); }
    [[nodiscard]] std::uint8_t coarse(std::uint32_t feature, std::uint32_t i) const {
      return grower.data_.record(row(i))[feature];
    }
    [[nodiscard]] std::uint8_t fine(std::uint32_t feature, std::uint32_t i) const {
      return grower.data_.fine_record(row(i))[feature];
    }
    void ask_for(std::uint32_t i, std::uint32_t end) const {
      if (i + kAhead < end) __builtin_prefetch(grower.data_.record(row(i + kAhead)));
    }
    // For who moves rows.
    [[nodiscard]] BagRow take(std::uint32_t i) const { return grower.bag_[i]; }
    void put(std::uint32_t i, const BagRow& entry) const { grower.bag_[i] = entry; }
    void put_aside(std::uint32_t i, const BagRow& entry) const { grower.scratch_[i] = entry; }
    void bring_back(std::uint32_t n, std::uint32_t to) const {
      std::copy_n(grower.scratch_.begin(), n, grower.bag_.begin() + to);
    }
  };

  // Rows of a small one: numbers of the copies.
  struct Small {
    Grower& grower;

    [[nodiscard]] std::uint32_t number(std::uint32_t i) const { return grower.small_numbers_[i]; }
    [[nodiscard]] std::uint32_t weight(std::uint32_t i) const { return grower.small_weights_[number(i)]; }
    [[nodiscard]] std::int32_t target(std::uint32_t i) const { return grower.small_targets_[number(i)]; }
    [[nodiscard]] const Row& contribution(std::uint32_t i) const { return grower.small_rows_[i]; }
    // The coarse bin, then the fine one.
    [[nodiscard]] std::uint16_t code(std::uint32_t feature, std::uint32_t i) const {
      return grower.codes_[std::size_t{feature} * kSmallNode + number(i)];
    }
    [[nodiscard]] std::uint8_t coarse(std::uint32_t feature, std::uint32_t i) const {
      return static_cast<std::uint8_t>(code(feature, i) >> 8U);
    }
    [[nodiscard]] std::uint8_t fine(std::uint32_t feature, std::uint32_t i) const {
      return static_cast<std::uint8_t>(code(feature, i));
    }
    void ask_for(std::uint32_t /*i*/, std::uint32_t /*end*/) const {}
    [[nodiscard]] std::pair<std::uint16_t, Row> take(std::uint32_t i) const {
      return {grower.small_numbers_[i], grower.small_rows_[i]};
    }
    void put(std::uint32_t i, const std::pair<std::uint16_t, Row>& entry) const {
      std::tie(grower.small_numbers_[i], grower.small_rows_[i]) = entry;
    }
    void put_aside(std::uint32_t i, const std::pair<std::uint16_t, Row>& entry) const {
      std::tie(grower.small_numbers_aside_[i], grower.small_rows_aside_[i]) = entry;
    }
    void bring_back(std::uint32_t n, std::uint32_t to) const {
      std::copy_n(grower.small_numbers_aside_.begin(), n, grower.small_numbers_.begin() + to);
      std::copy_n(grower.small_rows_aside_.begin(), n, grower.small_rows_.begin() + to);
    }
  };

  void grow_small(Item item) {
    const std::uint32_t n = item.end - item.begin;
    for (std::uint32_t i = 0; i < n; ++i) {
      const BagRow entry = bag_[item.begin + i];
      const std::uint8_t* const record = data_.record(entry.row);
      const std::uint8_t* const fine = data_.fine_record(entry.row);
      if (i + kAhead < n) {
        __builtin_prefetch(data_.record(bag_[item.begin + i + kAhead].row));
        __builtin_prefetch(data_.fine_record(bag_[item.begin + i + kAhead].row));
      }
      small_weights_[i] = entry.weight;
      small_targets_[i] = data_.target(entry.row);
      small_rows_[i] = statistic_.row(small_targets_[i], entry.weight);
      small_numbers_[i] = static_cast<std::uint16_t>(i);
      for (std::uint32_t feature = 0; feature < n_features_; ++feature) {
        codes_[std::size_t{feature} * kSmallNode + i] =
            static_cast<std::uint16_t>(record[feature] << 8U | fine[feature]);
      }
    }
    item.begin = 0;
    item.end = n;
    small_stack_.clear();
    small_stack_.push_back(std::move(item));
    while (!small_stack_.empty()) {
      Item next = std::move(small_stack_.back());
      small_stack_.pop_back();
      grow_node(std::move(next), Small{*this}, small_stack_);
    }
  }

  template <class View>
  void grow_node(Item item, View view, std::vector<Item>& stack) {
    const auto me = static_cast<std::uint32_t>(nodes_.size());
    if (item.parent != kNone) nodes_[item.parent].children[item.side] = me;
    nodes_.emplace_back();
    Grown& grown = nodes_.back();
    grown.node.weight = static_cast<std::uint32_t>(statistic_.weight(item.sums));
    grown.node.rows = item.end - item.begin;
    Split<Sums> split;
    if (may_split(item, view)) {
      if (item.parent != kNone) item.key = forest::threefry(item.key, item.side, forest::Purpose::child);
      split = find_split(item, view);
    }
    if (!split.is_found) {
      if (data_.n_classes() == 0) grown.value = mean_of(item, view);
      grown.sums = std::move(item.sums);
      return;
    }
    const std::uint32_t middle = partition(item, split, view);
    Sums right = statistic_.difference(item.sums, split.sums);
    grown.node.feature = static_cast<std::int32_t>(split.feature);
    grown.left = split.left;
    grown.right = split.right;
    grown.node.missing_left =
        split.has_missing ? split.missing_left : statistic_.weight(split.sums) > statistic_.weight(right);
    grown.sums = std::move(item.sums);
    const std::uint32_t depth = item.depth + 1;
    stack.push_back({middle, item.end, depth, me, 1, item.key, std::move(right)});
    stack.push_back({item.begin, middle, depth, me, 0, item.key, std::move(split.sums)});
  }

  template <class View>
  bool may_split(const Item& item, const View& view) const {
    if (item.depth == parameters_.max_depth || item.end - item.begin < parameters_.min_samples_split) return false;
    const std::int32_t first = view.target(item.begin);
    for (std::uint32_t i = item.begin + 1; i < item.end; ++i) {
      if (view.target(i) != first) return true;
    }
    return false;
  }

  template <class View>
  float mean_of(const Item& item, const View& view) const {
    std::int64_t sum = 0;
    for (std::uint32_t i = item.begin; i < item.end; ++i) sum += std::int64_t{view.target(i)} * view.weight(i);
    const double mean = static_cast<double>(sum) / static_cast<double>(statistic_.weight(item.sums));
    return static_cast<float>(data_.targets().center + mean * (data_.targets().most / 0x1p30));
  }

  // Puts the features that are to be tried at the front of the order; `words` gives those behind them.
  class Order {
   public:
    Order(std::vector<std::uint32_t>& order, std::vector<std::uint32_t>& swaps, std::uint32_t n_tried, forest::Key key)
        : order_(order), swaps_(swaps), words_(key) {
      swaps_.clear();
      const auto n = static_cast<std::uint32_t>(order.size());
      shuffles_ = n_tried < n;
      if (!shuffles_) first_ = forest::below(n, words_.next());
    }
    Order(const Order&) = delete;
    Order& operator=(const Order&) = delete;
    ~Order() {
      for (std::uint32_t j = n_swapped_; j-- > 0;) std::swap(order_[j], order_[swaps_[j]]);
    }
    // The j-th; in order.
    std::uint32_t operator[](std::uint32_t j) {
      const auto n = static_cast<std::uint32_t>(order_.size());
      if (!shuffles_) return first_ + j < n ? first_ + j : first_ + j - n;
      while (n_swapped_ <= j) {
        const std::uint32_t with = n_swapped_ + forest::below(n - n_swapped_, words_.next());
        std::swap(order_[n_swapped_], order_[with]);
        swaps_.push_back(with);
        ++n_swapped_;
      }
      return order_[j];
    }

   private:
    std::vector<std::uint32_t>& order_;
    std::vector<std::uint32_t>& swaps_;
    forest::Words words_;
    bool shuffles_ = false;
    std::uint32_t first_ = 0;
    std::uint32_t n_swapped_ = 0;
  };

  // What a search knows of its node.
  struct Search {
    Search(const Statistic& statistic, const Sums& all) : sums(all), scorer(statistic, all) {}
    const Sums& sums;
    typename Statistic::Scorer scorer;
    Split<Sums> best;
    double least = -1;  // what a score must reach, before it is rounded
  };

  template <class View>
  Split<Sums> find_split(const Item& item, const View& view) {
    Order order(order_, swaps_, n_tried_, item.key);
    if constexpr (std::is_same_v<View, Small>) {
      const bool is_plain = parameters_.min_samples_leaf <= 1 && parameters_.min_impurity_decrease <= 0;
      if (item.end - item.begin == 2 && is_plain) return split_of_two(item, view, order);
    }
    Search search(statistic_, item.sums);
    if constexpr (std::is_same_v<View, Large>) {
      fill_histograms(item, view, order);
      for (std::uint32_t j = 0; j < n_tried_; ++j) {
        Cell* const histogram = &histograms_[j * histogram_size_];
        Occupied occupied;
        for (std::uint32_t bin = 0; bin < 256; ++bin) {
          if (!statistic_.is_empty(histogram + bin * statistic_.cells())) occupied.insert(bin);
        }
        consider(item, view, search, order[j], histogram, occupied);
        clear(histogram, occupied);
      }
    }
    for (std::uint32_t j = std::is_same_v<View, Large> ? n_tried_ : 0; j < n_features_; ++j) {
      if (j >= n_tried_ && search.best.is_found) break;
      const std::uint32_t feature = order[j];
      if constexpr (std::is_same_v<View, Small>) {
        if (item.end - item.begin <= kTinyNode) {
          consider_sorted(item, view, search, feature);
          continue;
        }
      }
      Cell* const histogram = histograms_.data();
      Occupied occupied;
      for (std::uint32_t i = item.begin; i < item.end; ++i) {
        const std::uint8_t bin = view.coarse(feature, i);
        statistic_.add(histogram + bin * statistic_.cells(), view.contribution(i));
        occupied.insert(bin);
      }
      consider(item, view, search, feature, histogram, occupied);
      clear(histogram, occupied);
    }
    if (search.best.is_found && search.best.is_coarse) refine(item, view, search);
    if (search.best.is_found && parameters_.min_impurity_decrease > 0 && !gains_enough(search)) {
      search.best.is_found = false;
    }
    return std::move(search.best);
  }

  // Of two rows every feature that tells them apart makes the same two sides: the first does.
  Split<Sums> split_of_two(const Item& item, const Small& view, Order& order) {
    for (std::uint32_t j = 0; j < n_features_; ++j) {
      const std::uint32_t feature = order[j];
      const std::uint16_t one = view.code(feature, item.begin);
      const std::uint16_t other = view.code(feature, item.begin + 1);
      if (one == other) continue;
      // A missing value has the largest code.
      const std::uint16_t low = std::min(one, other);
      const std::uint16_t high = std::max(one, other);
      Split<Sums> split = all_left(feature);
      if (high >> 8U != forest::kMissing) {
        split.left = place_of(low);
        split.right = place_of(high);
        split.has_missing = false;
      }
      split.sums = statistic_.nothing();
      statistic_.add_row(split.sums, view.contribution(item.begin + (one == low ? 0 : 1)));
      return split;
    }
    return {};
  }

  static Place place_of(std::uint32_t code) { return {code >> 8U, code & 0xFFU}; }

  void fill_histograms(const Item& item, const Large& view, Order& order) {
    features_.clear();
    for (std::uint32_t j = 0; j < n_tried_; ++j) features_.push_back(order[j]);
    constexpr std::uint32_t kAtOnce = 16;
    for (std::uint32_t begin = 0; begin < n_tried_; begin += kAtOnce) {
      const std::uint32_t n = std::min(kAtOnce, n_tried_ - begin);
      const std::uint32_t* const features = &features_[begin];
      Cell* const histograms = &histograms_[begin * histogram_size_];
      for (std::uint32_t i = item.begin; i < item.end; ++i) {
        view.ask_for(i, item.end);
        const std::uint8_t* const record = data_.record(view.row(i));
        const Row row = view.contribution(i);
        for (std::uint32_t j = 0; j < n; ++j) {
          statistic_.add(histograms + j * histogram_size_ + record[features[j]] * statistic_.cells(), row);
        }
      }
    }
  }

  template <class AnyOccupied>
  void clear(Cell* histogram, const AnyOccupied& occupied) const {
    occupied.for_each([&](std::uint32_t bin) { statistic_.clear(histogram + bin * statistic_.cells()); });
  }

  // All candidates of one feature, where sorting the rows is less work than a histogram.
  void consider_sorted(const Item& item, const Small& view, Search& search, std::uint32_t feature) {
    std::array<std::uint32_t, kTinyNode> keys;  // bins, then the row
    std::uint32_t n = 0;
    std::uint32_t n_missing = 0;
    std::array<std::uint32_t, kTinyNode> missing;
    for (std::uint32_t i = item.begin; i < item.end; ++i) {
      const std::uint32_t code = view.code(feature, i);
      if (code >> 8U == forest::kMissing) {
        missing[n_missing++] = i;
        continue;
      }
      const std::uint32_t key = code << 16U | (i - item.begin);
      std::uint32_t at = n++;
      for (; at > 0 && keys[at - 1] > key; --at) keys[at] = keys[at - 1];
      keys[at] = key;
    }
    if (n == 0) return;
    std::uint32_t n_coarse = 1;
    for (std::uint32_t j = 1; j < n; ++j) n_coarse += keys[j - 1] >> 24U != keys[j] >> 24U ? 1 : 0;
    const bool is_coarse = n_coarse > kFewBins;
    const std::uint32_t shift = is_coarse ? 24 : 16;
    const auto place_of = [is_coarse](std::uint32_t key) {
      return Place{key >> 24U, is_coarse ? 0 : key >> 16U & 0xFFU};
    };
    Sums left = statistic_.nothing();
    for (std::uint32_t j = 0; j < n; ++j) {
      if (j > 0 && keys[j - 1] >> shift != keys[j] >> shift) {
        const auto split = [&](bool missing_left) {
          return Split<Sums>{.is_found = true,
                             .feature = feature,
                             .left = place_of(keys[j - 1]),
                             .right = place_of(keys[j]),
                             .is_coarse = is_coarse,
                             .has_missing = n_missing > 0,
                             .missing_left = missing_left};
        };
        try_split(search, left, [&] { return split(false); });
        if (n_missing > 0) {
          Sums with_missing = left;
          for (std::uint32_t k = 0; k < n_missing; ++k) statistic_.add_row(with_missing, view.contribution(missing[k]));
          try_split(search, with_missing, [&] { return split(true); });
        }
      }
      statistic_.add_row(left, view.contribution(item.begin + (keys[j] & 0xFFFFU)));
    }
    if (n_missing > 0) try_split(search, left, [feature] { return all_left(feature); });
  }

  // All candidates of one feature.
  template <class View>
  void consider(const Item& item, const View& view, Search& search, std::uint32_t feature, Cell* histogram,
                Occupied occupied) {
    const Cell* const missing =
        occupied.contains(forest::kMissing) ? histogram + forest::kMissing * statistic_.cells() : nullptr;
    if (missing != nullptr) occupied.erase(forest::kMissing);
    if (!shows_fine_bins(data_.bins(feature), occupied)) {
      scan(search, feature, histogram, occupied, missing, [](std::uint32_t bin) { return Place{bin, 0}; }, true);
      return;
    }
    std::array<std::uint8_t, 256> slots;  // of the coarse bins
    std::array<std::uint32_t, kFewBins> bins{};
    std::uint8_t n_slots = 0;
    occupied.for_each([&](std::uint32_t bin) {
      slots[bin] = n_slots;
      bins[n_slots++] = bin;
    });
    Cell* const fine = fine_histogram_.data();
    OccupiedFine occupied_fine;
    for (std::uint32_t i = item.begin; i < item.end; ++i) {
      view.ask_for(i, item.end);
      const std::uint8_t coarse = view.coarse(feature, i);
      if (coarse == forest::kMissing) continue;
      const std::uint32_t bin = slots[coarse] * forest::kMostFineBins + view.fine(feature, i);
      statistic_.add(fine + bin * statistic_.cells(), view.contribution(i));
      occupied_fine.insert(bin);
    }
    const auto place_of = [&bins](std::uint32_t bin) {
      return Place{bins[bin / forest::kMostFineBins], bin % forest::kMostFineBins};
    };
    scan(search, feature, fine, occupied_fine, missing, place_of, false);
    clear(fine, occupied_fine);
  }

  static bool shows_fine_bins(const forest::FeatureBins& bins, const Occupied& occupied) {
    if (!occupied.are_few()) return false;
    bool any = false;
    occupied.for_each([&](std::uint32_t bin) { any |= bins.is_divided(bin); });
    return any;
  }

  template <class AnyOccupied, class PlaceOf>
  void scan(Search& search, std::uint32_t feature, const Cell* histogram, const AnyOccupied& occupied,
            const Cell* missing, const PlaceOf& place_of, bool is_coarse) {
    Sums left = statistic_.nothing();
    std::optional<std::uint32_t> last;
    occupied.for_each([&](std::uint32_t bin) {
      if (last) {
        const auto split = [&](bool missing_left) {
          return Split<Sums>{.is_found = true,
                             .feature = feature,
                             .left = place_of(*last),
                             .right = place_of(bin),
                             .is_coarse = is_coarse,
                             .has_missing = missing != nullptr,
                             .missing_left = missing_left};
        };
        try_split(search, left, [&] { return split(false); });
        if (missing != nullptr) {
          Sums with_missing = left;
          statistic_.add_bin(with_missing, missing);
          try_split(search, with_missing, [&] { return split(true); });
        }
      }
      statistic_.add_bin(left, histogram + bin * statistic_.cells());
      last = bin;
    });
    if (missing != nullptr && last) try_split(search, left, [feature] { return all_left(feature); });
  }

  // All values left, the missing ones right.
  static Split<Sums> all_left(std::uint32_t feature) {
    return {.is_found = true, .feature = feature, .left = {kAllLeft, 0}, .right = {}, .has_missing = true};
  }

  // Takes what `make` makes, where it is better than the best. `left`: the sums of its left side.
  template <class Make>
  void try_split(Search& search, const Sums& left, const Make& make) {
    if (parameters_.min_samples_leaf > 1) {
      const std::uint64_t rows = statistic_.rows(left);
      if (rows < parameters_.min_samples_leaf || statistic_.rows(search.sums) - rows < parameters_.min_samples_leaf)
        return;
    }
    const Side a = search.scorer.left(left);
    const Side b = search.scorer.right(left);
    // Most are worse by far: then no division is needed.
    const auto a_weight = static_cast<double>(a.weight);
    const auto b_weight = static_cast<double>(b.weight);
    if (static_cast<double>(a.square) * b_weight + static_cast<double>(b.square) * a_weight <
        search.least * (a_weight * b_weight)) {
      return;
    }
    const std::uint32_t shift = search.scorer.shift();
    const std::uint64_t score = (a.square << shift) / a.weight + (b.square << shift) / b.weight;
    if (search.best.is_found && score <= search.best.score) return;
    search.best = make();
    search.best.score = score;
    search.best.sums = left;
    search.least = static_cast<double>(score) / static_cast<double>(std::uint64_t{1} << shift) * (1 - 1e-13);
  }

  // The best split between the fine bins of the two coarse ones around the best.
  template <class View>
  void refine(const Item& item, const View& view, Search& search) {
    const Split<Sums> coarse = std::move(search.best);
    const forest::FeatureBins& bins = data_.bins(coarse.feature);
    search.best = coarse;
    if (coarse.left.coarse == kAllLeft) return;
    if (!bins.is_divided(coarse.left.coarse) && !bins.is_divided(coarse.right.coarse)) return;
    const std::size_t cells = statistic_.cells();
    Cell* const low = fine_histogram_.data();
    Cell* const high = low + histogram_size_;
    Occupied occupied_low;
    Occupied occupied_high;
    for (std::uint32_t i = item.begin; i < item.end; ++i) {
      view.ask_for(i, item.end);
      const std::uint32_t bin = view.coarse(coarse.feature, i);
      if (bin != coarse.left.coarse && bin != coarse.right.coarse) continue;
      const bool is_low = bin == coarse.left.coarse;
      const std::uint8_t fine = view.fine(coarse.feature, i);
      statistic_.add((is_low ? low : high) + fine * cells, view.contribution(i));
      (is_low ? occupied_low : occupied_high).insert(fine);
    }
    Sums left = coarse.sums;
    occupied_low.for_each([&](std::uint32_t bin) { statistic_.subtract_bin(left, low + bin * cells); });
    search.best.is_found = false;
    search.least = -1;
    std::optional<Place> last;
    const auto next = [&](const Place& place, const Cell* bin) {
      if (last) {
        try_split(search, left, [&] {
          Split<Sums> split = coarse;
          split.left = *last;
          split.right = place;
          return split;
        });
      }
      statistic_.add_bin(left, bin);
      last = place;
    };
    occupied_low.for_each([&](std::uint32_t bin) { next({coarse.left.coarse, bin}, low + bin * cells); });
    occupied_high.for_each([&](std::uint32_t bin) { next({coarse.right.coarse, bin}, high + bin * cells); });
    clear(low, occupied_low);
    clear(high, occupied_high);
  }

  bool gains_enough(const Search& search) const {
    const auto& scorer = search.scorer;
    const double scale = data_.n_classes() > 0 ? 1 : std::exp2(data_.targets().bits) / data_.targets().most;
    const double theta = parameters_.min_impurity_decrease * static_cast<double>(root_weight_) * scale * scale;
    const double least =
        std::ceil(std::ldexp(theta, static_cast<int>(scorer.shift()) - 2 * static_cast<int>(scorer.right_shift())));
    const Side all = scorer.left(search.sums);
    const std::uint64_t own = (all.square << scorer.shift()) / all.weight;
    const std::uint64_t gain = search.best.score - std::min(search.best.score, own);
    return static_cast<double>(gain) >= least;
  }

  // Where the right side begins. Each side keeps its order.
  template <class View>
  std::uint32_t partition(const Item& item, const Split<Sums>& split, const View& view) {
    const forest::FeatureBins& bins = data_.bins(split.feature);
    const bool needs_fine = split.left.coarse != kAllLeft && bins.is_divided(split.left.coarse);
    std::uint32_t left = item.begin;
    std::uint32_t right = 0;
    for (std::uint32_t i = item.begin; i < item.end; ++i) {
      view.ask_for(i, item.end);
      const std::uint32_t coarse = view.coarse(split.feature, i);
      bool goes_left = coarse <= split.left.coarse;
      if (coarse == forest::kMissing) {
        goes_left = split.missing_left;
      } else if (needs_fine && coarse == split.left.coarse) {
        goes_left = view.fine(split.feature, i) <= split.left.fine;
      }
      const auto entry = view.take(i);
      view.put(left, entry);
      view.put_aside(right, entry);
      left += goes_left ? 1 : 0;
      right += goes_left ? 0 : 1;
    }
    view.bring_back(right, left);
    return left;
  }

  float threshold(const Grown& grown) const {
    if (grown.left.coarse == kAllLeft) return std::numeric_limits<float>::infinity();
    const forest::FeatureBins& bins = data_.bins(static_cast<std::uint32_t>(grown.node.feature));
    const std::uint32_t last = bins.first(grown.left.coarse) + grown.left.fine;
    const std::uint32_t next = bins.first(grown.right.coarse) + grown.right.fine;
    return bins.edge((last + next - 1) / 2);
  }

  // By depth, then from left to right.
  forest::Tree numbered() {
    forest::Tree tree;
    if (nodes_.empty()) return tree;
    std::vector<std::uint32_t> order{0};
    order.reserve(nodes_.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      Grown& grown = nodes_[order[i]];
      if (grown.node.feature >= 0) {
        grown.node.left = static_cast<std::uint32_t>(order.size());
        order.insert(order.end(), grown.children.begin(), grown.children.end());
        grown.node.threshold = threshold(grown);
      }
      tree.nodes.push_back(grown.node);
      if (data_.n_classes() == 0) tree.values.push_back(grown.value);
      statistic_.write(grown.sums, tree);
    }
    return tree;
  }

  const DataSet& data_;
  const forest::Parameters& parameters_;
  std::uint32_t small_node_;
  Statistic statistic_;
  std::uint32_t n_features_;
  std::uint32_t n_tried_;
  std::size_t histogram_size_;
  std::vector<Cell> histograms_;  // empty between nodes
  std::vector<Cell> fine_histogram_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> swaps_;
  std::vector<std::uint32_t> features_;

  std::uint64_t root_weight_ = 0;
  std::vector<BagRow> bag_;
  std::vector<BagRow> scratch_;
  std::vector<Grown> nodes_;
  std::vector<Item> stack_;

  // The rows of a small node: feature by feature their coarse bins.
  std::vector<std::uint16_t> codes_;
  std::vector<std::uint32_t> small_weights_;
  std::vector<Row> small_rows_;  // in the order of the numbers
  std::vector<Row> small_rows_aside_;
  std::vector<std::int32_t> small_targets_;
  std::vector<std::uint16_t> small_numbers_;
  std::vector<std::uint16_t> small_numbers_aside_;
  std::vector<Item> small_stack_;
};

}  // namespace

std::unique_ptr<TreeGrower> tree_grower(const DataSet& data, const forest::Parameters& parameters,
                                        std::uint32_t small_node) {
  if (data.n_classes() > 2)
    return std::make_unique<Grower<ClassCounts>>(data, parameters, small_node, ClassCounts(data.n_classes()));
  const Target target{.is_class = data.n_classes() > 0, .bits = data.targets().bits};
  const std::uint64_t n_draws = parameters.n_draws.value_or(data.n_rows());
  const bool is_weighted = parameters.balanced_subsample || !data.criterion_weights().empty();
  const auto weight_bits = static_cast<std::uint32_t>(std::bit_width(n_draws)) +
                           (is_weighted ? forest::bits_of_criterion_weights(static_cast<std::uint32_t>(n_draws)) : 0);
  const std::uint32_t sum_bits = weight_bits + (target.is_class ? 1 : target.bits + 1);
  const bool counts_rows = parameters.min_samples_leaf > 1 && (is_weighted || parameters.n_draws.has_value());
  if (counts_rows || weight_bits + sum_bits > 63)
    return std::make_unique<Grower<WideSums>>(data, parameters, small_node, WideSums(target));
  return std::make_unique<Grower<PackedSums>>(data, parameters, small_node, PackedSums(target, weight_bits));
}

}  // namespace gpu_host::cpu
