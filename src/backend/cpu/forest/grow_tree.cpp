#include "backend/cpu/forest/grow_tree.hpp"

#include <utility>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
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

  forest::Tree grow(std::uint32_t number, Poll& poll) override {
    large_.set(draw_bag(data_, parameters_, number, poll));
    const NodeRange root{0, static_cast<std::uint32_t>(large_.bag().size())};
    Sums all = sums_of(statistic_, large_, root, poll);
    root_weight_ = statistic_.weight(all);
    const forest::Key key = forest::threefry(forest::key_of_seed(parameters_.seed), number, forest::Purpose::root);
    for (Level& level : levels_) level.clear();
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
    return poll.stop(0) ? forest::Tree() : whole(poll);
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

  // The nodes of a depth. One's number is its place in the level, so that `left` counts in the next level. They come
  // from left to right, as each is grown with all below it before the next.
  struct Level {
    forest::Tree tree;
    std::vector<std::uint32_t> edges;  // of each node: of its threshold

    void clear() {
      tree.nodes.clear();
      tree.values.clear();
      tree.sums.clear();
      tree.counts.clear();
      edges.clear();
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
    forest::TreeNode& node = level.tree.nodes.emplace_back();
    std::uint32_t& edge = level.edges.emplace_back();
    node.weight = static_cast<std::uint32_t>(statistic_.weight(item.sums));
    node.rows = item.range.size();
    statistic_.write(item.sums, level.tree);
    Split<Sums> split;
    if (may_split(item, rows, poll)) {
      if (item.depth > 0) item.key = forest::threefry(item.key, item.side, forest::Purpose::child);
      split = search_.find(rows, item.range, item.sums, item.key, root_weight_, poll);
    }
    if (data_.n_classes() == 0) {
      level.tree.values.push_back(split.is_found ? 0 : value_of(data_.targets(), rows, item.range, poll));
    }
    if (!split.is_found) return;
    node.feature = static_cast<std::int32_t>(split.feature);
    node.left = static_cast<std::uint32_t>(levels_[item.depth + 1].tree.nodes.size());
    edge = edge_of(data_, split);
    const std::uint32_t middle = rows.partition(item.range, split.cut(), poll);
    Sums right = statistic_.difference(item.sums, split.sums);
    node.missing_left =
        split.has_missing ? split.missing_left : statistic_.weight(split.sums) > statistic_.weight(right);
    const std::uint32_t depth = item.depth + 1;
    stack.push_back({{middle, item.range.end}, depth, 1, item.key, std::move(right)});
    stack.push_back({{item.range.begin, middle}, depth, 0, item.key, std::move(split.sums)});
  }

  template <class Rows>
  bool may_split(const Item& item, const Rows& rows, Poll& poll) const {
    return item.depth != parameters_.max_depth && item.range.size() >= parameters_.min_samples_split &&
           !is_pure(rows, item.range, poll);
  }

  // The levels, one after the other. Thresholds, which lie far apart in memory, are read here one right after the
  // other.
  forest::Tree whole(Poll& poll) const {
    forest::Tree tree;
    std::size_t n = 0;
    for (const Level& level : levels_) n += level.tree.nodes.size();
    tree.nodes.reserve(n);
    const auto append = [n]<class T>(std::vector<T>& to, const std::vector<T>& from, std::size_t per_node) {
      to.reserve(n * per_node);
      to.insert(to.end(), from.begin(), from.end());
    };
    for (const auto& [part, edges] : levels_) {
      const auto next = static_cast<std::uint32_t>(tree.nodes.size() + part.nodes.size());
      for (std::size_t i = 0; i < edges.size(); ++i) {
        forest::TreeNode& node = tree.nodes.emplace_back(part.nodes[i]);
        if (poll.stop()) return {};
        if (node.feature < 0) continue;
        node.left += next;
        node.threshold = threshold_of(data_, static_cast<std::uint32_t>(node.feature), edges[i]);
      }
      append(tree.values, part.values, 1);
      append(tree.sums, part.sums, 1);
      append(tree.counts, part.counts, data_.n_classes());
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
