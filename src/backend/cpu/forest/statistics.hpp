// What a search for splits adds up over rows, and how it scores a side (docs/forest-numerics.md, 5).
//
// A statistic S has: Row, what a row in the bag contributes; Cell, of which a bin of a histogram has cells(); Sums,
// over the rows of a side, as many as fit in a node; Left, what is kept of a candidate's left side to score it; and
// LeftSide, from which that is taken.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>

#include "backend/cpu/forest/search_loops.hpp"
#include "forest/targets.hpp"

namespace gpu_host::cpu {

// One side of a candidate, before the shift and the division: its score is ⌊(square << k) / weight⌋.
struct Side {
  std::int64_t square;
  std::int64_t weight;

  [[nodiscard]] std::uint64_t score(std::uint32_t k) const {
    return (static_cast<std::uint64_t>(square) << k) / static_cast<std::uint64_t>(weight);
  }
};

// What classes the targets are: squared error of q, or gini of two classes.
struct Target {
  bool is_class = false;
  std::uint32_t bits = 0;  // of q

  [[nodiscard]] std::int64_t value(std::int32_t target) const {
    return is_class ? target : forest::Targets::q_of(target, bits);
  }
};

// A sum and a weight: both criteria that need no more.
struct SumAndWeight {
  std::int64_t sum = 0;
  std::int64_t weight = 0;
};

// Scores the sides of a node of squared error or of two classes.
class SumScorer {
 public:
  SumScorer(const Target& target, const SumAndWeight& node) : node_(node), is_class_(target.is_class) {
    const auto weight_bits = static_cast<std::uint32_t>(std::bit_width(static_cast<std::uint64_t>(node.weight)));
    if (is_class_) {
      shift_ = 62 - 2 * weight_bits;
    } else {
      const std::uint32_t sum_bits = weight_bits + target.bits + 1;
      right_shift_ = sum_bits > 31 ? sum_bits - 31 : 0;
      shift_ = 62 - 2 * std::min(31U, sum_bits);
      mean_ = node.sum / node.weight - (node.sum % node.weight < 0 ? 1 : 0);
    }
    rounding_ = 2 / static_cast<double>(std::uint64_t{1} << shift_);
  }

  [[nodiscard]] std::uint32_t shift() const { return shift_; }
  [[nodiscard]] std::uint32_t right_shift() const { return right_shift_; }
  // By which a score, before its shift, may have been rounded down: each side's is.
  [[nodiscard]] double rounding() const { return rounding_; }

  // Where all sums fit in 32 bits. `bits`: as NarrowSums says.
  [[nodiscard]] std::optional<NarrowSums> narrow(std::uint32_t bits) const {
    if (right_shift_ > 0) return std::nullopt;
    return NarrowSums{static_cast<std::int32_t>(node_.sum - mean_ * node_.weight),
                      static_cast<std::int32_t>(node_.weight), static_cast<std::int32_t>(mean_), bits};
  }
  // What SearchLoops::estimate says of a candidate with this score, before its shift.
  [[nodiscard]] double estimate_of(double score) const {
    // Σ(s² + (w - s)²)/w = 2·Σs²/w - 2·Σs + Σw
    return is_class_ ? (score - static_cast<double>(node_.weight)) / 2 + static_cast<double>(node_.sum) : score;
  }

  [[nodiscard]] Side all() const { return side(node_); }
  [[nodiscard]] Side side(const SumAndWeight& sums) const {
    if (is_class_) {
      const std::int64_t other = sums.weight - sums.sum;
      return {sums.sum * sums.sum + other * other, sums.weight};
    }
    const std::int64_t sum = (sums.sum - mean_ * sums.weight) >> right_shift_;
    return {sum * sum, sums.weight};
  }
  [[nodiscard]] Side other_side(const SumAndWeight& sums) const {
    return side({node_.sum - sums.sum, node_.weight - sums.weight});
  }

 private:
  SumAndWeight node_;
  bool is_class_;
  std::uint32_t shift_ = 0;
  std::uint32_t right_shift_ = 0;
  std::int64_t mean_ = 0;
  double rounding_ = 0;
};

// Where a candidate's left side is kept as its sums.
template <class Statistic>
class LeftSums {
 public:
  using Sums = Statistic::Sums;

  LeftSums(const Statistic& /*statistic*/, const Sums& /*node*/, const Statistic::Scorer& /*scorer*/, const Sums& begin)
      : left_(begin) {}
  void add_bin(const Statistic::Cell* bin) { Statistic::add_bin(left_, bin); }
  void add_row(const Statistic::Row& row) { Statistic::add_row(left_, row); }
  [[nodiscard]] const Sums& left() const { return left_; }

 private:
  Sums left_;
};

// The weights of two classes, numbered 0 and 1, whose sum is that of the second.
[[nodiscard]] inline std::array<std::uint32_t, 2> weights_of_two(const SumAndWeight& all) {
  return {static_cast<std::uint32_t>(all.weight - all.sum), static_cast<std::uint32_t>(all.sum)};
}

// Sum and weight in one word: where both fit, and the rows of a side need not be counted.
class PackedSums {
 public:
  using Row = std::uint64_t;
  using Cell = std::uint64_t;
  using Sums = std::uint64_t;
  using Left = Sums;
  using LeftSide = LeftSums<PackedSums>;

  // The weight is below 2^weight_bits.
  PackedSums(Target target, std::uint32_t weight_bits) : target_(target), bits_(weight_bits) {}

  [[nodiscard]] std::size_t cells() const { return 1; }
  [[nodiscard]] Row row(std::int32_t target, std::uint32_t weight) const {
    return (static_cast<std::uint64_t>(target_.value(target) * weight) << bits_) + weight;
  }
  static void add(Cell* bin, Row row) { *bin += row; }
  static void clear(Cell* bin) { *bin = 0; }
  static bool is_empty(const Cell* bin) { return *bin == 0; }

  [[nodiscard]] Sums nothing() const { return 0; }
  static void add_row(Sums& sums, Row row) { sums += row; }
  static void add_bin(Sums& sums, const Cell* bin) { sums += *bin; }
  static void subtract_bin(Sums& sums, const Cell* bin) { sums -= *bin; }
  [[nodiscard]] static Sums difference(Sums all, Sums part) { return all - part; }
  [[nodiscard]] SumAndWeight unpacked(Sums sums) const {
    return {static_cast<std::int64_t>(sums) >> bits_,
            static_cast<std::int64_t>(sums & ((std::uint64_t{1} << bits_) - 1))};
  }
  [[nodiscard]] std::uint64_t weight(const Sums& sums) const {
    return static_cast<std::uint64_t>(unpacked(sums).weight);
  }
  // As many as have weight 1: for who knows that all do, or does not ask.
  [[nodiscard]] std::uint64_t rows(const Sums& sums) const { return weight(sums); }

  class Scorer : public SumScorer {
   public:
    Scorer(const PackedSums& statistic, Sums node)
        : SumScorer(statistic.target_, statistic.unpacked(node)),
          statistic_(statistic),
          narrow_(SumScorer::narrow(statistic.bits_)) {}
    [[nodiscard]] Side left(const Sums& sums) const { return side(statistic_.unpacked(sums)); }
    [[nodiscard]] Side right(const Sums& sums) const { return other_side(statistic_.unpacked(sums)); }
    [[nodiscard]] const std::optional<NarrowSums>& narrow() const { return narrow_; }

   private:
    const PackedSums& statistic_;
    std::optional<NarrowSums> narrow_;
  };

  [[nodiscard]] bool is_class() const { return target_.is_class; }
  [[nodiscard]] auto classes(Sums sums) const { return weights_of_two(unpacked(sums)); }

 private:
  Target target_;
  std::uint32_t bits_;
};

// The same, with room for any sum, and with the number of rows.
class WideSums {
 public:
  struct Row {
    std::int64_t sum;
    std::uint32_t weight;
  };
  struct Cell {
    std::int64_t sum = 0;
    std::uint32_t weight = 0;
    std::uint32_t rows = 0;
  };
  using Sums = Cell;
  using Left = Sums;
  using LeftSide = LeftSums<WideSums>;

  explicit WideSums(Target target) : target_(target) {}

  [[nodiscard]] std::size_t cells() const { return 1; }
  [[nodiscard]] Row row(std::int32_t target, std::uint32_t weight) const {
    return {target_.value(target) * weight, weight};
  }
  static void add(Cell* bin, const Row& row) { add_row(*bin, row); }
  static void clear(Cell* bin) { *bin = {}; }
  static bool is_empty(const Cell* bin) { return bin->rows == 0; }

  [[nodiscard]] Sums nothing() const { return {}; }
  static void add_row(Sums& sums, const Row& row) {
    sums.sum += row.sum;
    sums.weight += row.weight;
    ++sums.rows;
  }
  static void add_bin(Sums& sums, const Cell* bin) {
    sums.sum += bin->sum;
    sums.weight += bin->weight;
    sums.rows += bin->rows;
  }
  static void subtract_bin(Sums& sums, const Cell* bin) { sums = difference(sums, *bin); }
  [[nodiscard]] static Sums difference(const Sums& all, const Sums& part) {
    return {all.sum - part.sum, all.weight - part.weight, all.rows - part.rows};
  }
  [[nodiscard]] std::uint64_t weight(const Sums& sums) const { return sums.weight; }
  [[nodiscard]] std::uint64_t rows(const Sums& sums) const { return sums.rows; }

  class Scorer : public SumScorer {
   public:
    Scorer(const WideSums& statistic, const Sums& node) : SumScorer(statistic.target_, {node.sum, node.weight}) {}
    [[nodiscard]] Side left(const Sums& sums) const { return side({sums.sum, sums.weight}); }
    [[nodiscard]] Side right(const Sums& sums) const { return other_side({sums.sum, sums.weight}); }
  };

  [[nodiscard]] SumAndWeight unpacked(const Sums& sums) const { return {sums.sum, sums.weight}; }
  [[nodiscard]] bool is_class() const { return target_.is_class; }
  [[nodiscard]] auto classes(const Sums& sums) const { return weights_of_two(unpacked(sums)); }

 private:
  Target target_;
};

// Gini of any number of classes: a counter for each, and one for the rows where these have to be counted. Counters are
// added up in groups of eight, kMost of them at most.
template <std::uint32_t kMost>
class ClassCounts {
  static constexpr std::uint32_t kGroup = 8;
  static_assert(kMost % kGroup == 0);
  using Counts = std::array<std::uint32_t, kMost>;

 public:
  struct Row {
    std::uint32_t of_class;
    std::uint32_t weight;
  };
  using Cell = std::uint32_t;
  struct Sums {
    Counts counts{};
    std::uint32_t weight = 0;
  };
  struct Left {
    std::int64_t square = 0;
    std::int64_t other_square = 0;  // of the right side
    std::uint32_t weight = 0;
    std::uint32_t rows = 0;
  };

  ClassCounts(std::uint32_t n_classes, bool counts_rows)
      : n_classes_(n_classes),
        counts_rows_(counts_rows),
        cells_((n_classes + (counts_rows ? 1 : 0) + kGroup - 1) / kGroup * kGroup) {}

  [[nodiscard]] std::uint32_t cells() const { return kMost == kGroup ? kGroup : cells_; }
  [[nodiscard]] Row row(std::int32_t target, std::uint32_t weight) const {
    return {static_cast<std::uint32_t>(target), weight};
  }
  void add(Cell* bin, const Row& row) const {
    bin[row.of_class] += row.weight;
    if (counts_rows_) ++bin[n_classes_];
  }
  void clear(Cell* bin) const { std::fill_n(bin, cells(), 0U); }
  [[nodiscard]] bool is_empty(const Cell* bin) const {
    std::uint32_t any = 0;
    for (std::uint32_t i = 0; i < cells(); ++i) any |= bin[i];
    return any == 0;
  }

  [[nodiscard]] Sums nothing() const { return {}; }
  void add_row(Sums& sums, const Row& row) const {
    add(sums.counts.data(), row);
    sums.weight += row.weight;
  }
  void add_bin(Sums& sums, const Cell* bin) const {
    for (std::uint32_t i = 0; i < cells(); ++i) sums.counts[i] += bin[i];
    sums.weight += weight_of(bin);
  }
  void subtract_bin(Sums& sums, const Cell* bin) const {
    for (std::uint32_t i = 0; i < cells(); ++i) sums.counts[i] -= bin[i];
    sums.weight -= weight_of(bin);
  }
  [[nodiscard]] Sums difference(const Sums& all, const Sums& part) const {
    Sums rest = all;
    for (std::uint32_t i = 0; i < cells(); ++i) rest.counts[i] -= part.counts[i];
    rest.weight -= part.weight;
    return rest;
  }
  [[nodiscard]] std::uint64_t weight(const Sums& sums) const { return sums.weight; }
  [[nodiscard]] std::uint64_t rows(const Sums& sums) const {
    return counts_rows_ ? sums.counts[n_classes_] : sums.weight;
  }
  [[nodiscard]] std::uint64_t rows(const Left& left) const { return left.rows; }

  class Scorer {
   public:
    Scorer(const ClassCounts& statistic, const Sums& node)
        : weight_(node.weight), shift_(62 - 2 * static_cast<std::uint32_t>(std::bit_width(node.weight))) {
      for (std::uint32_t i = 0; i < statistic.n_classes_; ++i) {
        square_ += std::int64_t{node.counts[i]} * node.counts[i];
      }
    }
    [[nodiscard]] std::uint32_t shift() const { return shift_; }
    [[nodiscard]] std::uint32_t right_shift() const { return 0; }
    [[nodiscard]] Side all() const { return {square_, weight_}; }
    [[nodiscard]] Side left(const Left& left) const { return {left.square, left.weight}; }
    [[nodiscard]] Side right(const Left& left) const { return {left.other_square, weight_ - left.weight}; }

   private:
    std::int64_t weight_;
    std::int64_t square_ = 0;
    std::uint32_t shift_;
  };

  // The left side of a node, as bins or rows are added to it.
  class LeftSide {
   public:
    LeftSide(const ClassCounts& statistic, const Sums& node, const Scorer& scorer, const Sums& begin)
        : statistic_(statistic),
          node_(node.counts),
          counts_(begin.counts),
          other_square_(scorer.all().square),
          weight_(begin.weight),
          rows_(static_cast<std::uint32_t>(statistic.rows(begin))) {
      if (begin.weight > 0) find_squares();
    }
    // Compilers think it too large; as a call it costs a tenth of the training.
    [[gnu::always_inline]] void add_bin(const Cell* bin) {
      for (std::uint32_t i = 0; i < statistic_.cells(); ++i) counts_[i] += bin[i];
      const std::uint32_t weight = statistic_.weight_of(bin);
      weight_ += weight;
      rows_ += statistic_.counts_rows_ ? bin[statistic_.n_classes_] : weight;
      find_squares();
    }
    void add_row(const Row& row) {
      // Of what was before: (x + m)² is m · (2x + m) more than x².
      const std::int64_t weight = row.weight;
      std::uint32_t& count = counts_[row.of_class];
      square_ += weight * (2 * std::int64_t{count} + weight);
      other_square_ -= weight * (2 * std::int64_t{node_[row.of_class] - count} - weight);
      count += row.weight;
      weight_ += row.weight;
      rows_ += statistic_.counts_rows_ ? 1 : row.weight;
    }
    [[nodiscard]] Left left() const { return {square_, other_square_, weight_, rows_}; }

   private:
    // Of all counters, as they are added up in groups.
    void find_squares() {
      std::array<std::uint64_t, kGroup> left{};
      std::array<std::uint64_t, kGroup> right{};
      for (std::uint32_t begin = 0; begin < statistic_.cells(); begin += kGroup) {
        for (std::uint32_t i = 0; i < kGroup; ++i) {
          const std::uint32_t own = counts_[begin + i];
          const std::uint32_t other = node_[begin + i] - own;
          left[i] += std::uint64_t{own} * own;
          right[i] += std::uint64_t{other} * other;
        }
      }
      if (statistic_.counts_rows_) {
        const std::uint64_t rows = counts_[statistic_.n_classes_];
        const std::uint64_t other = node_[statistic_.n_classes_] - rows;
        left[0] -= rows * rows;
        right[0] -= other * other;
      }
      square_ = static_cast<std::int64_t>(std::accumulate(left.begin(), left.end(), std::uint64_t{0}));
      other_square_ = static_cast<std::int64_t>(std::accumulate(right.begin(), right.end(), std::uint64_t{0}));
    }

    const ClassCounts& statistic_;
    const Counts& node_;
    Counts counts_;
    std::int64_t square_ = 0;
    std::int64_t other_square_;
    std::uint32_t weight_;
    std::uint32_t rows_;
  };

  [[nodiscard]] static bool is_class() { return true; }
  [[nodiscard]] std::span<const std::uint32_t> classes(const Sums& sums) const {
    return std::span(sums.counts).first(n_classes_);
  }

 private:
  [[nodiscard]] std::uint32_t weight_of(const Cell* bin) const {
    std::uint32_t weight = 0;
    for (std::uint32_t i = 0; i < cells(); ++i) weight += bin[i];
    return weight - (counts_rows_ ? bin[n_classes_] : 0);
  }

  std::uint32_t n_classes_;
  bool counts_rows_;
  std::uint32_t cells_;
};

}  // namespace gpu_host::cpu
