// What a search for splits adds up over rows, and how it scores a side (docs/forest-numerics.md, 5).
//
// A statistic S has: Row, what a row in the bag contributes; Cell, of which a bin of a histogram has cells(); Sums,
// over the rows of a side, as many as fit in a node.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

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
      return;
    }
    const std::uint32_t sum_bits = weight_bits + target.bits + 1;
    right_shift_ = sum_bits > 31 ? sum_bits - 31 : 0;
    shift_ = 62 - 2 * std::min(31U, sum_bits);
    mean_ = node.sum / node.weight - (node.sum % node.weight < 0 ? 1 : 0);
  }

  [[nodiscard]] std::uint32_t shift() const { return shift_; }
  [[nodiscard]] std::uint32_t right_shift() const { return right_shift_; }

  // Where all sums fit in 32 bits. `bits`: as NarrowNode says.
  [[nodiscard]] std::optional<NarrowNode> narrow(std::uint32_t bits) const {
    if (right_shift_ > 0) return std::nullopt;
    return NarrowNode{static_cast<std::int32_t>(node_.sum - mean_ * node_.weight),
                      static_cast<std::int32_t>(node_.weight), static_cast<std::int32_t>(mean_), bits};
  }
  // What SearchLoops::estimate says of a candidate with this score, before its shift.
  [[nodiscard]] double estimate_of(double score) const {
    // Σ(s² + (w - s)²)/w = 2·Σs²/w - 2·Σs + Σw
    return is_class_ ? (score - static_cast<double>(node_.weight)) / 2 + static_cast<double>(node_.sum) : score;
  }

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
};

// Sum and weight in one word: where both fit, and the rows of a side need not be counted.
class PackedSums {
 public:
  using Row = std::uint64_t;
  using Cell = std::uint64_t;
  using Sums = std::uint64_t;

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
  static void add_sums(Sums& sums, Sums more) { sums += more; }
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
    [[nodiscard]] const std::optional<NarrowNode>& narrow() const { return narrow_; }

   private:
    const PackedSums& statistic_;
    std::optional<NarrowNode> narrow_;
  };

  // Of the model: a regression's sum, or the weights of two classes.
  template <class Tree>
  void write(const Sums& sums, Tree& tree) const {
    const SumAndWeight all = unpacked(sums);
    if (target_.is_class) {
      tree.counts.push_back(static_cast<std::uint32_t>(all.weight - all.sum));
      tree.counts.push_back(static_cast<std::uint32_t>(all.sum));
    } else {
      tree.sums.push_back(all.sum);
    }
  }

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
  static void add_sums(Sums& sums, const Sums& more) { add_bin(sums, &more); }
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

  template <class Tree>
  void write(const Sums& sums, Tree& tree) const {
    if (target_.is_class) {
      tree.counts.push_back(sums.weight - static_cast<std::uint32_t>(sums.sum));
      tree.counts.push_back(static_cast<std::uint32_t>(sums.sum));
    } else {
      tree.sums.push_back(sums.sum);
    }
  }

 private:
  Target target_;
};

// Gini of any number of classes: a counter for each, and one for the rows.
class ClassCounts {
 public:
  struct Row {
    std::uint32_t of_class;
    std::uint32_t weight;
  };
  using Cell = std::uint32_t;
  struct Sums {
    std::vector<std::uint32_t> counts;  // of each class, then of the rows
    std::uint64_t weight = 0;
  };

  explicit ClassCounts(std::uint32_t n_classes) : n_classes_(n_classes) {}

  [[nodiscard]] std::size_t cells() const { return n_classes_ + 1; }
  [[nodiscard]] Row row(std::int32_t target, std::uint32_t weight) const {
    return {static_cast<std::uint32_t>(target), weight};
  }
  void add(Cell* bin, const Row& row) const {
    bin[row.of_class] += row.weight;
    ++bin[n_classes_];
  }
  void clear(Cell* bin) const { std::fill_n(bin, cells(), 0U); }
  [[nodiscard]] bool is_empty(const Cell* bin) const { return bin[n_classes_] == 0; }

  [[nodiscard]] Sums nothing() const { return {std::vector<std::uint32_t>(cells(), 0), 0}; }
  void add_row(Sums& sums, const Row& row) const {
    add(sums.counts.data(), row);
    sums.weight += row.weight;
  }
  void add_bin(Sums& sums, const Cell* bin) const {
    for (std::uint32_t i = 0; i <= n_classes_; ++i) sums.counts[i] += bin[i];
    for (std::uint32_t i = 0; i < n_classes_; ++i) sums.weight += bin[i];
  }
  void subtract_bin(Sums& sums, const Cell* bin) const {
    for (std::uint32_t i = 0; i <= n_classes_; ++i) sums.counts[i] -= bin[i];
    for (std::uint32_t i = 0; i < n_classes_; ++i) sums.weight -= bin[i];
  }
  void add_sums(Sums& sums, const Sums& more) const { add_bin(sums, more.counts.data()); }
  [[nodiscard]] Sums difference(const Sums& all, const Sums& part) const {
    Sums rest = all;
    subtract_bin(rest, part.counts.data());
    return rest;
  }
  [[nodiscard]] std::uint64_t weight(const Sums& sums) const { return sums.weight; }
  [[nodiscard]] std::uint64_t rows(const Sums& sums) const { return sums.counts[n_classes_]; }

  class Scorer {
   public:
    Scorer(const ClassCounts& statistic, const Sums& node)
        : node_(node),
          n_classes_(statistic.n_classes_),
          shift_(62 - 2 * static_cast<std::uint32_t>(std::bit_width(node.weight))) {}
    [[nodiscard]] std::uint32_t shift() const { return shift_; }
    [[nodiscard]] std::uint32_t right_shift() const { return 0; }
    [[nodiscard]] Side left(const Sums& sums) const {
      std::int64_t square = 0;
      for (std::uint32_t i = 0; i < n_classes_; ++i) square += std::int64_t{sums.counts[i]} * sums.counts[i];
      return {square, static_cast<std::int64_t>(sums.weight)};
    }
    [[nodiscard]] Side right(const Sums& sums) const {
      std::int64_t square = 0;
      for (std::uint32_t i = 0; i < n_classes_; ++i) {
        const std::int64_t count = node_.counts[i] - sums.counts[i];
        square += count * count;
      }
      return {square, static_cast<std::int64_t>(node_.weight - sums.weight)};
    }

   private:
    const Sums& node_;
    std::uint32_t n_classes_;
    std::uint32_t shift_;
  };

  template <class Tree>
  void write(const Sums& sums, Tree& tree) const {
    tree.counts.insert(tree.counts.end(), sums.counts.begin(), sums.counts.begin() + n_classes_);
  }

 private:
  std::uint32_t n_classes_;
};

}  // namespace gpu_host::cpu
