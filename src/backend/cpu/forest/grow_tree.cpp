#include "backend/cpu/forest/grow_tree.hpp"

#include <array>
#include <bit>
#include <limits>
#include <utility>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/node_rows.hpp"
#include "backend/cpu/forest/split_search.hpp"
#include "backend/cpu/forest/statistics.hpp"
#include "forest/threefry.hpp"

namespace gpu_host::cpu {
namespace {

template <class Statistic>
class Grower final : public TreeGrower {
  using Sums = typename Statistic::Sums;

 public:
  Grower(const DataSet& data, const forest::Parameters& parameters, std::uint32_t small_node, Statistic statistic)
      : data_(data),
        parameters_(parameters),
        small_node_(small_node),
        statistic_(std::move(statistic)),
        search_(data, parameters, statistic_),
        large_(data, statistic_),
        small_(data, statistic_) {}

  forest::Tree grow(std::uint32_t number, Poll& poll) override {
    large_.set(draw_bag(data_, parameters_, number));
    const NodeRange root{0, static_cast<std::uint32_t>(large_.bag().size())};
    Sums all = statistic_.nothing();
    for (std::uint32_t i = root.begin; i < root.end; ++i) statistic_.add_row(all, large_.contribution(i));
    root_weight_ = statistic_.weight(all);
    const forest::Key key = forest::threefry(forest::key_of_seed(parameters_.seed), number, forest::Purpose::root);
    nodes_.clear();
    stack_.clear();
    stack_.push_back({.range = root, .depth = 0, .parent = kNone, .side = 0, .key = key, .sums = std::move(all)});
    while (!stack_.empty() && !poll.stop(search_.work(stack_.back().range))) {
      Item item = std::move(stack_.back());
      stack_.pop_back();
      if (item.range.size() <= small_node_) {
        grow_small(std::move(item));
      } else {
        grow_node(std::move(item), large_, stack_);
      }
    }
    return numbered();
  }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  // A node that is to be grown.
  struct Item {
    NodeRange range;
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

  // The node and all below it.
  void grow_small(Item item) {
    small_.copy(large_.bag(), item.range);
    item.range = {0, item.range.size()};
    small_stack_.clear();
    small_stack_.push_back(std::move(item));
    while (!small_stack_.empty()) {
      Item next = std::move(small_stack_.back());
      small_stack_.pop_back();
      grow_node(std::move(next), small_, small_stack_);
    }
  }

  template <class Rows>
  void grow_node(Item item, Rows& rows, std::vector<Item>& stack) {
    const auto me = static_cast<std::uint32_t>(nodes_.size());
    if (item.parent != kNone) nodes_[item.parent].children[item.side] = me;
    Grown& grown = nodes_.emplace_back();
    grown.node.weight = static_cast<std::uint32_t>(statistic_.weight(item.sums));
    grown.node.rows = item.range.size();
    Split<Sums> split;
    if (may_split(item, rows)) {
      if (item.parent != kNone) item.key = forest::threefry(item.key, item.side, forest::Purpose::child);
      split = search_.find(rows, item.range, item.sums, item.key, root_weight_);
    }
    grown.sums = std::move(item.sums);
    if (!split.is_found) {
      if (data_.n_classes() == 0) grown.value = mean(item.range, rows, grown.node.weight);
      return;
    }
    grown.node.feature = static_cast<std::int32_t>(split.feature);
    grown.left = split.left;
    grown.right = split.right;
    const std::uint32_t middle = partition(item.range, split, rows);
    Sums right = statistic_.difference(grown.sums, split.sums);
    grown.node.missing_left =
        split.has_missing ? split.missing_left : statistic_.weight(split.sums) > statistic_.weight(right);
    const std::uint32_t depth = item.depth + 1;
    stack.push_back({{middle, item.range.end}, depth, me, 1, item.key, std::move(right)});
    stack.push_back({{item.range.begin, middle}, depth, me, 0, item.key, std::move(split.sums)});
  }

  template <class Rows>
  bool may_split(const Item& item, const Rows& rows) const {
    if (item.depth == parameters_.max_depth || item.range.size() < parameters_.min_samples_split) return false;
    const std::int32_t first = rows.target(item.range.begin);
    for (std::uint32_t i = item.range.begin + 1; i < item.range.end; ++i) {
      if (rows.target(i) != first) return true;
    }
    return false;
  }

  template <class Rows>
  float mean(const NodeRange& range, const Rows& rows, std::uint32_t weight) const {
    std::int64_t sum = 0;
    for (std::uint32_t i = range.begin; i < range.end; ++i) sum += std::int64_t{rows.target(i)} * rows.weight(i);
    const double mean = static_cast<double>(sum) / weight;
    return static_cast<float>(data_.targets().center + mean * (data_.targets().most / 0x1p30));
  }

  template <class Rows>
  std::uint32_t partition(const NodeRange& range, const Split<Sums>& split, Rows& rows) const {
    const bool needs_fine = split.left.coarse != kAllLeft && data_.bins(split.feature).is_divided(split.left.coarse);
    return rows.partition(range, [&](std::uint32_t i) {
      const std::uint32_t coarse = rows.coarse(split.feature, i);
      if (coarse == forest::kMissing) return split.missing_left;
      if (needs_fine && coarse == split.left.coarse) return rows.fine(split.feature, i) <= split.left.fine;
      return coarse <= split.left.coarse;
    });
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
    tree.nodes.reserve(nodes_.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      Grown& grown = nodes_[order[i]];
      if (grown.node.feature >= 0) {
        grown.node.left = static_cast<std::uint32_t>(order.size());
        grown.node.threshold = threshold(grown);
        order.insert(order.end(), grown.children.begin(), grown.children.end());
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
  SplitSearch<Statistic> search_;
  LargeRows<Statistic> large_;
  SmallRows<Statistic> small_;
  std::uint64_t root_weight_ = 0;
  std::vector<Grown> nodes_;  // in the order in which they were grown
  std::vector<Item> stack_;
  std::vector<Item> small_stack_;
};

}  // namespace

std::unique_ptr<TreeGrower> tree_grower(const DataSet& data, const forest::Parameters& parameters,
                                        std::uint32_t small_node) {
  const auto make = [&]<class Statistic>(Statistic statistic) {
    return std::make_unique<Grower<Statistic>>(data, parameters, small_node, std::move(statistic));
  };
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

}  // namespace gpu_host::cpu
