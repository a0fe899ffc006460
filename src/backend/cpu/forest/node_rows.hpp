// The rows of a tree's nodes, each node's next to each other: of large nodes as they are in the bag, of small ones,
// which stay in the cache, as copies. Both let a search read a row by its place, and partition a node.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/forest/polled_loop.hpp"

namespace gpu_host::cpu {

// Places [begin, end).
struct NodeRange {
  std::uint32_t begin;
  std::uint32_t end;

  [[nodiscard]] std::uint32_t size() const { return end - begin; }
};

inline constexpr std::uint32_t kAllLeft = 256;  // as a coarse bin: all values are left, the missing ones right

// A fine bin within a coarse one.
struct Place {
  std::uint32_t coarse = 0;
  std::uint32_t fine = 0;
};

// Where a node is cut.
struct Cut {
  std::uint32_t feature;
  Place last;  // of the left side; of a coarse bin that is not divided also with a fine bin of 0
  bool missing_left;
};

// Tells which rows go left.
class Divider {
 public:
  Divider(const DataSet& data, const Cut& cut)
      : cut_(cut), needs_fine_(cut.last.coarse != kAllLeft && data.bins(cut.feature).is_divided(cut.last.coarse)) {}

  template <class Rows>
  [[nodiscard]] bool goes_left(const Rows& rows, std::uint32_t i) const {
    const std::uint32_t coarse = rows.coarse(cut_.feature, i);
    if (coarse == forest::kMissing) return cut_.missing_left;
    if (needs_fine_ && coarse == cut_.last.coarse) return rows.fine(cut_.feature, i) <= cut_.last.fine;
    return coarse <= cut_.last.coarse;
  }

 private:
  Cut cut_;
  bool needs_fine_;
};

template <class Statistic>
class LargeRows {
 public:
  using Row = Statistic::Row;
  static constexpr bool kAreSmall = false;

  LargeRows(const DataSet& data, const Statistic& statistic) : data_(data), statistic_(statistic) {}

  // fill(bag), which keeps its memory from tree to tree.
  template <class Fill>
  void set(const Fill& fill) {
    fill(bag_);
    aside_.resize(bag_.size());
  }
  [[nodiscard]] const Bag& bag() const { return bag_; }

  [[nodiscard]] std::uint32_t weight(std::uint32_t i) const { return bag_[i].weight; }
  [[nodiscard]] std::int32_t target(std::uint32_t i) const { return data_.target(bag_[i].row); }
  [[nodiscard]] Row contribution(std::uint32_t i) const { return statistic_.row(target(i), weight(i)); }
  [[nodiscard]] const std::uint8_t* record(std::uint32_t i) const { return data_.record(bag_[i].row); }
  [[nodiscard]] std::uint8_t coarse(std::uint32_t feature, std::uint32_t i) const { return record(i)[feature]; }
  [[nodiscard]] std::uint8_t fine(std::uint32_t feature, std::uint32_t i) const {
    return data_.fine_record(bag_[i].row)[feature];
  }
  // The coarse bin, then the fine one.
  [[nodiscard]] std::uint16_t code(std::uint32_t feature, std::uint32_t i) const {
    return static_cast<std::uint16_t>(coarse(feature, i) << 8U | fine(feature, i));
  }
  // Calls body(i) for each place, unless the poll says to stop: then false. `work`: elements that a call looks at.
  template <class Body>
  bool for_places(const NodeRange& node, Poll& poll, const Body& body, std::uint32_t work = 1) const {
    constexpr std::uint32_t kAhead = 16;
    const auto with_prefetch = [&](std::uint32_t i) {
      if (i + kAhead < node.end) __builtin_prefetch(record(i + kAhead));
      body(i);
    };
    return for_all(node.begin, node.end, poll, with_prefetch, work);
  }
  // The same with body(coarse, fine, row): the feature's coarse bin, and what gives the fine one and what the row
  // contributes.
  template <class Body>
  void for_each(std::uint32_t feature, const NodeRange& node, Poll& poll, const Body& body) const {
    for_places(node, poll, [&](std::uint32_t i) {
      body(coarse(feature, i), [&] { return fine(feature, i); }, [&] { return contribution(i); });
    });
  }

  // Where the right side begins. Each side keeps its order. Where the poll says to stop, the node has its rows in any
  // order.
  std::uint32_t partition(const NodeRange& node, const Cut& cut, Poll& poll) {
    const Divider divider(data_, cut);
    BagRow* const bag = bag_.data();
    BagRow* const aside = aside_.data();
    std::uint32_t n_left = 0;
    std::uint32_t n_right = 0;
    for_places(node, poll, [&](std::uint32_t i) {
      const std::uint32_t is_left = divider.goes_left(*this, i) ? 1 : 0;
      const BagRow entry = bag[i];
      bag[node.begin + n_left] = entry;
      aside[n_right] = entry;
      n_left += is_left;
      n_right += 1 - is_left;
    });
    std::copy_n(aside, n_right, bag + node.begin + n_left);
    return node.begin + n_left;
  }

 private:
  const DataSet& data_;
  const Statistic& statistic_;
  Bag bag_;
  Bag aside_;
};

// Of a node of so many rows at most.
inline constexpr std::uint32_t kMostSmallRows = 2048;

template <class Statistic>
class SmallRows {
 public:
  using Row = Statistic::Row;
  static constexpr bool kAreSmall = true;

  SmallRows(const DataSet& data, const Statistic& statistic)
      : data_(data), statistic_(statistic), codes_(data.n_features() * kStride) {
    const std::size_t most = std::min(kMostSmallRows, data.n_rows());
    for (auto* const numbers : {&numbers_, &numbers_aside_}) numbers->resize(most);
    for (auto* const rows : {&rows_, &rows_aside_}) rows->resize(most);
    weights_.resize(most);
    targets_.resize(most);
  }

  // Copies a node, which is then at [0, its size).
  void copy(const Bag& bag, const NodeRange& node) {
    constexpr std::uint32_t kAtOnce = 16;
    for (std::uint32_t begin = node.begin; begin < node.end; begin += kAtOnce) {
      const std::uint32_t end = std::min(begin + kAtOnce, node.end);
      for (std::uint32_t i = end; i < std::min(end + kAtOnce, node.end); ++i) {
        const std::size_t last = data_.n_features() - 1;
        __builtin_prefetch(data_.record(bag[i].row));
        __builtin_prefetch(data_.record(bag[i].row) + last);
        __builtin_prefetch(data_.fine_record(bag[i].row));
        __builtin_prefetch(data_.fine_record(bag[i].row) + last);
      }
      copy_block(&bag[begin], begin - node.begin, end - begin);
    }
  }

  [[nodiscard]] std::uint32_t weight(std::uint32_t i) const { return weights_[numbers_[i]]; }
  [[nodiscard]] std::int32_t target(std::uint32_t i) const { return targets_[numbers_[i]]; }
  [[nodiscard]] Row contribution(std::uint32_t i) const { return rows_[i]; }
  // The coarse bin, then the fine one.
  [[nodiscard]] std::uint16_t code(std::uint32_t feature, std::uint32_t i) const {
    return codes_[feature * kStride + numbers_[i]];
  }
  [[nodiscard]] std::uint8_t coarse(std::uint32_t feature, std::uint32_t i) const {
    return static_cast<std::uint8_t>(code(feature, i) >> 8U);
  }
  [[nodiscard]] std::uint8_t fine(std::uint32_t feature, std::uint32_t i) const {
    return static_cast<std::uint8_t>(code(feature, i));
  }
  // As LargeRows, but so few that no poll is needed.
  template <class Body>
  void for_places(const NodeRange& node, Poll& /*poll*/, const Body& body) const {
    for (std::uint32_t i = node.begin; i < node.end; ++i) body(i);
  }
  template <class Body>
  void for_each(std::uint32_t feature, const NodeRange& node, Poll& /*poll*/, const Body& body) const {
    const std::uint16_t* const codes = &codes_[feature * kStride];
    const std::uint16_t* const numbers = numbers_.data();
    const Row* const rows = rows_.data();
    for (std::uint32_t i = node.begin, end = node.end; i < end; ++i) {
      const std::uint32_t code = codes[numbers[i]];
      body(
          static_cast<std::uint8_t>(code >> 8U), [code] { return static_cast<std::uint8_t>(code); },
          [rows, i] { return rows[i]; });
    }
  }

  std::uint32_t partition(const NodeRange& node, const Cut& cut, Poll& /*poll*/) {
    const std::uint16_t* const codes = &codes_[cut.feature * kStride];
    // Missing values' codes are the highest; to go left, they become the lowest.
    const std::uint32_t shift = cut.missing_left ? kMissingCodes : 0;
    const std::uint32_t last = std::min(cut.last.coarse << 8U | cut.last.fine, 0xFFFF - kMissingCodes) + shift;
    std::uint16_t* const numbers = numbers_.data();
    Row* const rows = rows_.data();
    std::uint16_t* const numbers_aside = numbers_aside_.data();
    Row* const rows_aside = rows_aside_.data();
    std::uint32_t n_left = 0;
    for (std::uint32_t i = node.begin; i < node.end; ++i) {
      const std::uint16_t number = numbers[i];
      const Row row = rows[i];
      const std::uint32_t code = codes[number] + shift;
      numbers[node.begin + n_left] = number;
      rows[node.begin + n_left] = row;
      numbers_aside[i - node.begin - n_left] = number;
      rows_aside[i - node.begin - n_left] = row;
      n_left += static_cast<std::uint16_t>(code) <= last ? 1 : 0;
    }
    std::copy_n(numbers_aside, node.size() - n_left, numbers + node.begin + n_left);
    std::copy_n(rows_aside, node.size() - n_left, rows + node.begin + n_left);
    return node.begin + n_left;
  }

 private:
  static constexpr std::uint32_t kMissingCodes = 256;
  // From a feature's codes to the next one's: no multiple of what a way of the cache holds.
  static constexpr std::size_t kStride = kMostSmallRows + 32;

  void copy_block(const BagRow* bag, std::uint32_t first, std::uint32_t n) {
    for (std::uint32_t i = 0; i < n; ++i) {
      weights_[first + i] = bag[i].weight;
      targets_[first + i] = data_.target(bag[i].row);
      rows_[first + i] = statistic_.row(targets_[first + i], bag[i].weight);
      numbers_[first + i] = static_cast<std::uint16_t>(first + i);
    }
    // Several rows at a time, so that a feature's codes are written next to each other.
    constexpr std::uint32_t kAtOnce = 8;
    for (std::uint32_t begin = 0; begin < n; begin += kAtOnce) {
      std::array<const std::uint8_t*, kAtOnce> coarse;
      std::array<const std::uint8_t*, kAtOnce> fine;
      for (std::uint32_t i = 0; i < kAtOnce; ++i) {
        const std::uint32_t row = bag[std::min(begin + i, n - 1)].row;
        coarse[i] = data_.record(row);
        fine[i] = data_.fine_record(row);
      }
      std::uint16_t* codes = &codes_[first + begin];
      for (std::uint32_t feature = 0; feature < data_.n_features(); ++feature, codes += kStride) {
        for (std::uint32_t i = 0; i < kAtOnce; ++i) {
          codes[i] = static_cast<std::uint16_t>(coarse[i][feature] << 8U | fine[i][feature]);
        }
      }
    }
  }

  const DataSet& data_;
  const Statistic& statistic_;
  // By the copies' numbers; codes feature by feature.
  std::vector<std::uint16_t> codes_;
  std::vector<std::uint32_t> weights_;
  std::vector<std::int32_t> targets_;
  // By place.
  std::vector<std::uint16_t> numbers_;
  std::vector<Row> rows_;
  std::vector<std::uint16_t> numbers_aside_;
  std::vector<Row> rows_aside_;
};

}  // namespace gpu_host::cpu
