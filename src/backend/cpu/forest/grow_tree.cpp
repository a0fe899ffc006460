#include "backend/cpu/forest/grow_tree.hpp"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/impurity.hpp"
#include "backend/cpu/forest/node_rows.hpp"
#include "backend/cpu/forest/split_search.hpp"
#include "backend/cpu/forest/tree_node.hpp"
#include "forest/threefry.hpp"

namespace gpu_host::cpu {
namespace {

template <class Statistic>
class Grower final : public TreeGrower {
  using Sums = Statistic::Sums;

 public:
  Grower(const DataSet& data, const forest::Parameters& parameters, std::uint32_t small_node, Statistic statistic)
      : data_(data),
        parameters_(parameters),
        small_node_(small_node),
        statistic_(std::move(statistic)),
        search_(data, parameters, statistic_),
        large_(data, statistic_),
        small_(data, statistic_) {}

  std::optional<GrownTree> grow(std::uint32_t number, Poll& poll) override {
    large_.set([&](Bag& bag) { draw_bag(data_, parameters_, number, poll, bag); });
    const NodeRange root{0, static_cast<std::uint32_t>(large_.bag().size())};
    Sums all = sums_of(statistic_, large_, root, poll);
    root_weight_ = statistic_.weight(all);
    const forest::Key key = forest::threefry(forest::key_of_seed(parameters_.seed), number, forest::Purpose::root);
    for (Level& level : levels_) level.clear();
    most_weight_ = 0;
    stack_.clear();
    stack_.push_back({.range = root, .depth = 0, .side = 0, .key = key, .sums = std::move(all)});
    while (!stack_.empty() && !poll.stop()) {
      Item item = std::move(stack_.back());
      stack_.pop_back();
      if (item.range.size() <= small_node_) {
        grow_small(std::move(item), poll);
      } else {
        grow_node(std::move(item), large_, stack_, poll);
      }
    }
    return whole(poll);
  }

 private:
  // A node that is to be grown.
  struct Item {
    NodeRange range;
    std::uint32_t depth;
    std::uint32_t side;
    forest::Key key;  // the root's, else the parent's
    Sums sums;
  };

  // The nodes of a depth, from left to right, as each is grown with all below it before the next.
  struct Level {
    struct Inner {
      double decrease;
      std::uint32_t edge;  // of the threshold
      std::uint32_t feature : 31;
      std::uint32_t missing_left : 1;
    };
    struct Leaf {
      float value;  // of a regression
      std::uint32_t weight;
    };
    std::vector<bool> are_leaves;
    LargeVector<Inner> inner;
    LargeVector<Leaf> leaves;
    LargeVector<std::uint32_t> classes;  // of a classification: each leaf's weight of each class

    void clear() {
      are_leaves.clear();
      inner.clear();
      leaves.clear();
      classes.clear();
    }
  };

  // The node and all below it.
  void grow_small(Item item, Poll& poll) {
    small_.copy(large_.bag(), item.range);
    item.range = {0, item.range.size()};
    small_stack_.clear();
    small_stack_.push_back(std::move(item));
    while (!small_stack_.empty() && !poll.stop()) {
      Item next = std::move(small_stack_.back());
      small_stack_.pop_back();
      grow_node(std::move(next), small_, small_stack_, poll);
    }
  }

  template <class Rows>
  void grow_node(Item item, Rows& rows, std::vector<Item>& stack, Poll& poll) {
    if (levels_.size() < std::size_t{item.depth} + 2) levels_.resize(std::size_t{item.depth} + 2);
    Level& level = levels_[item.depth];
    Split<Sums> split;
    if (may_split(item, rows, poll)) {
      if (item.depth > 0) item.key = forest::threefry(item.key, item.side, forest::Purpose::child);
      split = search_.find(rows, item.range, item.sums, item.key, root_weight_, poll);
    }
    level.are_leaves.push_back(!split.is_found);
    if (!split.is_found) {
      add_leaf(level, item, rows, poll);
      return;
    }
    const std::uint32_t middle = rows.partition(item.range, split.cut(), poll);
    Sums right = statistic_.difference(item.sums, split.sums);
    const bool missing_left =
        split.has_missing ? split.missing_left : statistic_.weight(split.sums) > statistic_.weight(right);
    level.inner.push_back({.decrease = decrease_of(statistic_, item.sums, split.sums),
                           .edge = edge_of(data_, split),
                           .feature = split.feature & 0x7fffffffU,
                           .missing_left = missing_left});
    const std::uint32_t depth = item.depth + 1;
    stack.push_back({{middle, item.range.end}, depth, 1, item.key, std::move(right)});
    stack.push_back({{item.range.begin, middle}, depth, 0, item.key, std::move(split.sums)});
  }

  template <class Rows>
  void add_leaf(Level& level, const Item& item, const Rows& rows, Poll& poll) {
    const auto weight = static_cast<std::uint32_t>(statistic_.weight(item.sums));
    most_weight_ = std::max(most_weight_, weight);
    if (!statistic_.is_class()) {
      level.leaves.push_back({value_of(data_.targets(), rows, item.range, poll), weight});
      return;
    }
    level.leaves.push_back({0, weight});
    const auto classes = statistic_.classes(item.sums);
    level.classes.insert(level.classes.end(), classes.begin(), classes.end());
  }

  template <class Rows>
  bool may_split(const Item& item, const Rows& rows, Poll& poll) const {
    return item.depth != parameters_.max_depth && item.range.size() >= parameters_.min_samples_split &&
           !is_pure(rows, item.range, poll);
  }

  // The levels, one after the other. Thresholds, which lie far apart in memory, are read here one right after the
  // other.
  std::optional<GrownTree> whole(Poll& poll) const {
    if (poll.stop(0)) return std::nullopt;
    std::size_t n = 0;
    for (const Level& level : levels_) n += level.are_leaves.size();
    const std::uint32_t n_classes = data_.n_classes();
    TreeWriter writer(static_cast<std::uint32_t>(n), data_.n_features(), n_classes, most_weight_);
    for (const Level& level : levels_) {
      auto inner = level.inner.begin();
      std::size_t leaf = 0;
      for (const bool is_leaf : level.are_leaves) {
        if (poll.stop()) return std::nullopt;
        if (is_leaf) {
          const auto [value, weight] = level.leaves[leaf];
          writer.leaf(value, weight, std::span(level.classes).subspan(leaf * n_classes, n_classes));
          ++leaf;
        } else {
          writer.inner(inner->feature, threshold_of(data_, inner->feature, inner->edge), inner->missing_left != 0,
                       inner->decrease);
          ++inner;
        }
      }
    }
    return writer.take();
  }

  const DataSet& data_;
  const forest::Parameters& parameters_;
  std::uint32_t small_node_;
  Statistic statistic_;
  SplitSearch<Statistic> search_;
  LargeRows<Statistic> large_;
  SmallRows<Statistic> small_;
  std::uint64_t root_weight_ = 0;
  std::uint32_t most_weight_ = 0;  // of a leaf
  std::vector<Level> levels_;
  std::vector<Item> stack_;
  std::vector<Item> small_stack_;
};

}  // namespace

std::unique_ptr<TreeGrower> tree_grower(const DataSet& data, const forest::Parameters& parameters,
                                        std::uint32_t small_node) {
  return with_statistic(data, parameters, [&](auto statistic) -> std::unique_ptr<TreeGrower> {
    using Statistic = decltype(statistic);
    return std::make_unique<Grower<Statistic>>(data, parameters, small_node, std::move(statistic));
  });
}

}  // namespace gpu_host::cpu
