#include "backend/cpu/forest/steered_tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/impurity.hpp"
#include "backend/cpu/forest/node_rows.hpp"
#include "backend/cpu/forest/split_search.hpp"
#include "backend/cpu/forest/statistics.hpp"
#include "backend/cpu/forest/tree_node.hpp"
#include "forest/threefry.hpp"

namespace gpu_host::cpu {
namespace {

// Lets a search take a small node's rows from where they are: to copy them does not pay for one level.
template <class Statistic>
class RowsInPlace : public LargeRows<Statistic> {
 public:
  static constexpr bool kAreSmall = true;

  using LargeRows<Statistic>::LargeRows;
};

template <class Statistic>
class SearchScratch final : public SteeredTree::Scratch {
 public:
  SearchScratch(const DataSet& data, const forest::Parameters& parameters, Statistic statistic)
      : statistic_(std::move(statistic)), search_(data, parameters, statistic_) {}

  SplitSearch<Statistic>& search() { return search_; }

 private:
  Statistic statistic_;
  SplitSearch<Statistic> search_;
};

template <class T>
void append(std::vector<T>& to, const std::vector<T>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

template <class T, class Allocator>
std::uint64_t bytes_of(const std::vector<T, Allocator>& vector) {
  return vector.capacity() * sizeof(T);
}

std::uint64_t bytes_of(const forest::Tree& tree) {
  return bytes_of(tree.nodes) + bytes_of(tree.values) + bytes_of(tree.sums) + bytes_of(tree.counts);
}

template <class Statistic>
class Tree final : public SteeredTree {
  using Sums = Statistic::Sums;

 public:
  Tree(const DataSet& data, const forest::Parameters& parameters, std::uint32_t number, Statistic statistic, Poll& poll)
      : data_(data),
        parameters_(parameters),
        number_(number),
        scale_(data.targets().most / std::exp2(data.targets().bits)),
        statistic_(std::move(statistic)),
        rows_(data, statistic_) {
    rows_.set([&](Bag& bag) { bag = draw_bag(data, parameters, number, poll); });
    if (rows_.bag().empty()) return;
    const NodeRange root{0, static_cast<std::uint32_t>(rows_.bag().size())};
    const Sums all = sums_of(statistic_, rows_, root, poll);
    root_weight_ = statistic_.weight(all);
    Level level;
    const forest::Key key = forest::threefry(forest::key_of_seed(parameters.seed), number, forest::Purpose::root);
    add(level, root, all, key, poll);
    if (!poll.stop(0)) take_over(std::move(level));
  }

  [[nodiscard]] std::span<const OpenNode> open_nodes() const override { return nodes_; }

  void find(std::uint32_t node, Scratch& scratch, Poll& poll) override {
    Open& open = open_[node];
    if (open.is_searched) return;
    SplitSearch<Statistic>& search = static_cast<SearchScratch<Statistic>&>(scratch).search();
    const LargeRows<Statistic>& large = rows_;
    const Split<Sums> split = open.range.size() <= kMostSmallRows
                                  ? search.find(rows_, open.range, open.sums, open.key, root_weight_, poll)
                                  : search.find(large, open.range, open.sums, open.key, root_weight_, poll);
    if (poll.stop(0)) return;
    if (split.is_found) {
      const std::uint64_t left = statistic_.weight(split.sums);
      const bool missing_left = split.has_missing ? split.missing_left : left > nodes_[node].weight - left;
      open.best = ForestSplit{split.feature, threshold_of(data_, split.feature, edge_of(data_, split)), missing_left};
    }
    open.is_searched = true;
  }

  [[nodiscard]] std::optional<FoundSplit> best(std::uint32_t node, Scratch& scratch, Poll& poll) override {
    find(node, scratch, poll);
    return open_[node].best ? measure(node, *open_[node].best, poll) : std::nullopt;
  }

  [[nodiscard]] ValueRange value_range(std::uint32_t node, std::uint32_t feature, Poll& poll) const override {
    const forest::FeatureBins& bins = data_.bins(feature);
    Place low{std::numeric_limits<std::uint32_t>::max(), 0};
    Place high{};
    ValueRange range{std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), 0};
    rows_.for_places(open_[node].range, poll, [&](std::uint32_t i) {
      const std::uint32_t coarse = rows_.coarse(feature, i);
      if (coarse == forest::kMissing) {
        ++range.missing;
      } else if (coarse <= low.coarse || coarse >= high.coarse) {
        const Place place{coarse, rows_.fine(feature, i)};
        const auto order = [](const Place& one) { return std::pair{one.coarse, one.fine}; };
        low = std::ranges::min(low, place, {}, order);
        high = std::ranges::max(high, place, {}, order);
      }
    });
    if (low.coarse > high.coarse) return range;  // no value seen
    const std::uint32_t first = bins.first(low.coarse) + low.fine;
    const std::uint32_t last = bins.first(high.coarse) + high.fine;
    if (first < last) {
      range.low = bins.edge(first);
      range.high = bins.edge(last - 1);
    }
    return range;
  }

  [[nodiscard]] std::optional<FoundSplit> evaluate(std::uint32_t node, const ForestSplit& split,
                                                   Poll& poll) const override {
    return measure(node, split, poll);
  }

  [[nodiscard]] bool split(std::uint32_t node, const ForestSplit& split, Poll& poll) override {
    open_[node].choice = Choice::none;
    return divide(node, split, poll);
  }

  void make_leaf(std::uint32_t node) override { open_[node].choice = Choice::leaf; }

  void forget_decisions() override {
    for (Open& open : open_) open.choice = Choice::none;
  }

  [[nodiscard]] std::uint64_t bytes_to_advance() const override {
    // The next level's nodes, and room for as many more in the tree, whose vectors grow to twice their size.
    const std::uint64_t n = 2 * open_.size();
    return (2 * tree_.nodes.size() + 3 * n) * bytes_of_node(data_) + most_open(n) * kBytesOfOpen;
  }

  static std::uint64_t most_bytes(const DataSet& data, const forest::Parameters& parameters) {
    const std::uint64_t rows = std::min(data.n_rows(), parameters.n_draws.value_or(data.n_rows()));
    std::uint64_t leaves = std::max<std::uint64_t>(1, rows / std::max(1U, parameters.min_samples_leaf));
    if (parameters.max_depth < 32) leaves = std::min(leaves, std::uint64_t{1} << parameters.max_depth);
    // The tree's vectors have room for twice their size, and for that twice while they grow.
    return bytes_to_begin_tree(data) + 8 * leaves * bytes_of_node(data) + 2 * std::min(leaves, rows / 2) * kBytesOfOpen;
  }

  void advance(Scratch& scratch, Poll& poll) override {
    for (std::uint32_t node = 0; node < open_.size(); ++node) {
      Open& open = open_[node];
      if (open.choice != Choice::none) continue;
      find(node, scratch, poll);
      const bool is_split = open.best && divide(node, *open.best, poll);
      if (poll.stop(0)) return;
      if (!is_split) open.choice = Choice::leaf;
    }
    go_on(poll, [](const Open& open) { return open.choice == Choice::split; });
  }

  void close(Poll& poll) override {
    go_on(poll, [](const Open& /*open*/) { return false; });
  }

  [[nodiscard]] forest::Tree take() override { return std::move(tree_); }

  [[nodiscard]] std::uint64_t bytes() const override {
    return 2 * bytes_of(rows_.bag()) + bytes_of(tree_) + bytes_of(nodes_) + bytes_of(open_);
  }

 private:
  enum class Choice : std::uint8_t { none, leaf, split };

  // What is known of an open node beside what the guest sees.
  struct Open {
    NodeRange range;
    forest::Key key;
    Sums sums;
    std::optional<ForestSplit> best = {};
    bool is_searched = false;
    Choice choice = Choice::none;
    ForestSplit split{};  // with the model's threshold, where that is the choice: then the rows lie by their sides,
    std::uint32_t middle = 0;  // the right ones from here on
    float value = 0;
  };

  static constexpr std::uint64_t kBytesOfOpen = sizeof(Open) + sizeof(OpenNode);

  struct Level {
    std::uint32_t depth = 0;
    std::vector<OpenNode> nodes;
    std::vector<Open> open;
    forest::Tree grown;  // all of its nodes
  };

  // The last bin of the left side.
  std::optional<Place> last_place(const ForestSplit& split) const {
    if (split.threshold == std::numeric_limits<float>::infinity()) return Place{kAllLeft, 0};
    return last_place_below(data_.bins(split.feature), split.threshold);
  }

  ForestSplit as_in_model(const ForestSplit& split, const Place& last) const {
    if (last.coarse == kAllLeft) return split;
    const forest::FeatureBins& bins = data_.bins(split.feature);
    return {split.feature, bins.edge(bins.first(last.coarse) + last.fine), split.missing_left};
  }

  bool are_enough(const Open& open, std::uint32_t left_rows, std::uint64_t left_weight) const {
    const std::uint32_t least = std::max(1U, parameters_.min_samples_leaf);
    const std::uint64_t least_weight = parameters_.least_weight(root_weight_);
    return left_rows >= least && open.range.size() - left_rows >= least && left_weight >= least_weight &&
           statistic_.weight(open.sums) - left_weight >= least_weight;
  }

  std::optional<FoundSplit> measure(std::uint32_t node, const ForestSplit& split, Poll& poll) const {
    const Open& open = open_[node];
    const std::optional<Place> last = last_place(split);
    if (!last) return std::nullopt;
    const Divider divider(data_, {split.feature, *last, split.missing_left});
    Sums left = statistic_.nothing();
    std::uint32_t left_rows = 0;
    rows_.for_places(open.range, poll, [&](std::uint32_t i) {
      if (!divider.goes_left(rows_, i)) return;
      statistic_.add_row(left, rows_.contribution(i));
      ++left_rows;
    });
    const auto left_weight = static_cast<std::uint32_t>(statistic_.weight(left));
    if (!are_enough(open, left_rows, left_weight)) return std::nullopt;
    return FoundSplit{as_in_model(split, *last), decrease(open.sums, left), left_rows, left_weight};
  }

  double decrease(const Sums& node, const Sums& left) const {
    const double decrease = decrease_of(statistic_, node, left) / static_cast<double>(root_weight_);
    return statistic_.is_class() ? decrease : decrease * scale_ * scale_;
  }

  // Makes the split the choice of a node without one.
  bool divide(std::uint32_t node, const ForestSplit& split, Poll& poll) {
    Open& open = open_[node];
    const std::optional<Place> last = last_place(split);
    if (!last) return false;
    const std::uint32_t middle = rows_.partition(open.range, {split.feature, *last, split.missing_left}, poll);
    const NodeRange left{open.range.begin, middle};
    const bool weighs = parameters_.min_weight_fraction_leaf > 0;
    const std::uint64_t left_weight = weighs ? statistic_.weight(sums_of(statistic_, rows_, left, poll)) : 0;
    if (poll.stop(0) || !are_enough(open, left.size(), left_weight)) return false;
    open.split = as_in_model(split, *last);
    open.middle = middle;
    open.choice = Choice::split;
    return true;
  }

  // Splits the nodes that it should, makes leaves of the others.
  template <class IsSplit>
  void go_on(Poll& poll, const IsSplit& is_split) {
    const auto first = static_cast<std::uint32_t>(tree_.nodes.size());
    Level level;
    level.depth = depth_ + 1;
    reserve(level, 2 * static_cast<std::size_t>(std::ranges::count_if(open_, is_split)));
    for (Open& open : open_) {
      if (!is_split(open)) {
        open.value = value_of_leaf(open.range, poll);
        continue;
      }
      const NodeRange left{open.range.begin, open.middle};
      const Sums left_sums = sums_of(statistic_, rows_, left, poll);
      const auto key = [&open](std::uint32_t side) { return forest::threefry(open.key, side, forest::Purpose::child); };
      add(level, left, left_sums, key(0), poll);
      add(level, {open.middle, open.range.end}, statistic_.difference(open.sums, left_sums), key(1), poll);
    }
    if (poll.stop(0)) return;
    const std::vector<OpenNode> parents = std::exchange(nodes_, {});
    const std::vector<Open> before = std::exchange(open_, {});
    take_over(std::move(level));
    std::uint32_t child = first;
    for (std::size_t i = 0; i < parents.size(); ++i) {
      forest::TreeNode& node = tree_.nodes[parents[i].node];
      if (is_split(before[i])) {
        const ForestSplit& split = before[i].split;
        node.feature = static_cast<std::int32_t>(split.feature);
        node.threshold = split.threshold;
        node.missing_left = split.missing_left;
        node.left = std::exchange(child, child + 2);
      } else if (data_.n_classes() == 0) {
        tree_.values[parents[i].node] = before[i].value;
      }
    }
  }

  void reserve(Level& level, std::size_t n) const {
    level.nodes.reserve(most_open(n));
    level.open.reserve(most_open(n));
    level.grown.nodes.reserve(n);
    if (data_.n_classes() > 0) {
      level.grown.counts.reserve(n * data_.n_classes());
    } else {
      level.grown.values.reserve(n);
      level.grown.sums.reserve(n);
    }
  }

  // Of so many nodes of a level.
  std::uint64_t most_open(std::uint64_t n) const { return std::min<std::uint64_t>(n, rows_.bag().size() / 2); }

  void add(Level& level, const NodeRange& range, Sums sums, forest::Key key, Poll& poll) const {
    forest::Tree& grown = level.grown;
    const auto node = static_cast<std::uint32_t>(tree_.nodes.size() + grown.nodes.size());
    const auto weight = static_cast<std::uint32_t>(statistic_.weight(sums));
    grown.nodes.push_back({.weight = weight, .rows = range.size()});
    write(sums, grown);
    const bool is_open = may_split(range, level.depth, poll);
    if (data_.n_classes() == 0) grown.values.push_back(is_open ? 0 : value_of_leaf(range, poll));
    if (!is_open) return;
    level.nodes.push_back({number_, node, level.depth, range.size(), weight, impurity_of_last(grown, range, poll)});
    level.open.push_back({.range = range, .key = key, .sums = std::move(sums)});
  }

  // A regression's sum, or what all classes weigh.
  void write(const Sums& sums, forest::Tree& to) const {
    if constexpr (requires { statistic_.unpacked(sums); }) {
      if (!statistic_.is_class()) {
        to.sums.push_back(statistic_.unpacked(sums).sum);
        return;
      }
    }
    const auto classes = statistic_.classes(sums);
    to.counts.insert(to.counts.end(), classes.begin(), classes.end());
  }

  bool may_split(const NodeRange& range, std::uint32_t depth, Poll& poll) const {
    if (depth == parameters_.max_depth || range.size() < parameters_.min_samples_split) return false;
    return !is_pure(rows_, range, poll);
  }

  float value_of_leaf(const NodeRange& range, Poll& poll) const {
    return data_.n_classes() > 0 ? 0 : value_of(data_.targets(), rows_, range, poll);
  }

  // Of the last node of a level so far, whose rows these are.
  double impurity_of_last(const forest::Tree& grown, const NodeRange& range, Poll& poll) const {
    const std::uint32_t weight = grown.nodes.back().weight;
    if (const std::size_t n_classes = data_.n_classes(); n_classes > 0) {
      const auto counts = std::span(grown.counts).last(n_classes);
      return weighted_gini(n_classes, [counts](std::size_t i) { return counts[i]; }) / weight;
    }
    SquaredError error({grown.sums.back(), weight});
    const std::uint32_t bits = data_.targets().bits;
    rows_.for_places(range, poll, [&](std::uint32_t i) {
      error.add(forest::Targets::q_of(rows_.target(i), bits), rows_.weight(i));
    });
    return error.mean() * scale_ * scale_;
  }

  void take_over(Level level) {
    append(tree_.nodes, level.grown.nodes);
    append(tree_.values, level.grown.values);
    append(tree_.sums, level.grown.sums);
    append(tree_.counts, level.grown.counts);
    depth_ = level.depth;
    nodes_ = std::move(level.nodes);
    open_ = std::move(level.open);
  }

  static std::uint64_t bytes_of_node(const DataSet& data) {
    const std::uint64_t of_class = sizeof(std::uint32_t) * data.n_classes();
    return sizeof(forest::TreeNode) + (of_class > 0 ? of_class : sizeof(float) + sizeof(std::int64_t));
  }

  const DataSet& data_;
  const forest::Parameters& parameters_;
  std::uint32_t number_;
  double scale_;  // of q's unit in targets
  Statistic statistic_;
  RowsInPlace<Statistic> rows_;
  std::uint64_t root_weight_ = 0;
  std::uint32_t depth_ = 0;
  forest::Tree tree_;  // open nodes are leaves without a value
  std::vector<OpenNode> nodes_;
  std::vector<Open> open_;
};

}  // namespace

std::uint64_t bytes_to_begin_tree(const DataSet& data) {
  // The rows twice, at first as many counts and rows as there are; and one node.
  constexpr std::uint64_t kOfRoot = 1024;
  return 2 * sizeof(BagRow) * std::uint64_t{data.n_rows()} + kOfRoot + 4 * sizeof(std::uint32_t) * data.n_classes();
}

std::uint64_t most_bytes_of_tree(const DataSet& data, const forest::Parameters& parameters) {
  return with_statistic(data, parameters, [&](const auto& statistic) {
    return Tree<std::remove_cvref_t<decltype(statistic)>>::most_bytes(data, parameters);
  });
}

std::unique_ptr<SteeredTree> steered_tree(const DataSet& data, const forest::Parameters& parameters,
                                          std::uint32_t number, Poll& poll) {
  return with_statistic(data, parameters, [&](auto statistic) -> std::unique_ptr<SteeredTree> {
    using Statistic = decltype(statistic);
    return std::make_unique<Tree<Statistic>>(data, parameters, number, std::move(statistic), poll);
  });
}

std::unique_ptr<SteeredTree::Scratch> steered_scratch(const DataSet& data, const forest::Parameters& parameters) {
  return with_statistic(data, parameters, [&](auto statistic) -> std::unique_ptr<SteeredTree::Scratch> {
    using Statistic = decltype(statistic);
    return std::make_unique<SearchScratch<Statistic>>(data, parameters, std::move(statistic));
  });
}

}  // namespace gpu_host::cpu
