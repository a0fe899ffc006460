#include "backend/cpu/forest/grow_tree.hpp"

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
    for (Level& level : levels_) level.clear();
    stack_.clear();
    stack_.push_back({.range = root, .depth = 0, .side = 0, .key = key, .sums = std::move(all)});
    while (!stack_.empty() && !poll.stop(search_.work(stack_.back().range))) {
      Item item = std::move(stack_.back());
      stack_.pop_back();
      if (item.range.size() <= small_node_) {
        grow_small(std::move(item));
      } else {
        grow_node(std::move(item), large_, stack_);
      }
    }
    return stack_.empty() ? whole() : forest::Tree();
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

  static constexpr std::uint32_t kInfinity = UINT32_MAX;

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
    if (levels_.size() < std::size_t{item.depth} + 2) levels_.resize(std::size_t{item.depth} + 2);
    Level& level = levels_[item.depth];
    forest::TreeNode& node = level.tree.nodes.emplace_back();
    std::uint32_t& edge = level.edges.emplace_back();
    node.weight = static_cast<std::uint32_t>(statistic_.weight(item.sums));
    node.rows = item.range.size();
    statistic_.write(item.sums, level.tree);
    Split<Sums> split;
    if (may_split(item, rows)) {
      if (item.depth > 0) item.key = forest::threefry(item.key, item.side, forest::Purpose::child);
      split = search_.find(rows, item.range, item.sums, item.key, root_weight_);
    }
    if (data_.n_classes() == 0) level.tree.values.push_back(split.is_found ? 0 : mean(item.range, rows, node.weight));
    if (!split.is_found) return;
    node.feature = static_cast<std::int32_t>(split.feature);
    node.left = static_cast<std::uint32_t>(levels_[item.depth + 1].tree.nodes.size());
    edge = edge_number(split);
    const std::uint32_t middle = rows.partition(item.range, split.cut());
    Sums right = statistic_.difference(item.sums, split.sums);
    node.missing_left =
        split.has_missing ? split.missing_left : statistic_.weight(split.sums) > statistic_.weight(right);
    const std::uint32_t depth = item.depth + 1;
    stack.push_back({{middle, item.range.end}, depth, 1, item.key, std::move(right)});
    stack.push_back({{item.range.begin, middle}, depth, 0, item.key, std::move(split.sums)});
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

  std::uint32_t edge_number(const Split<Sums>& split) const {
    if (split.left.coarse == kAllLeft) return kInfinity;
    const forest::FeatureBins& bins = data_.bins(split.feature);
    const std::uint32_t last = bins.first(split.left.coarse) + split.left.fine;
    const std::uint32_t next = bins.first(split.right.coarse) + split.right.fine;
    return (last + next - 1) / 2;
  }

  // The levels, one after the other. Thresholds, which lie far apart in memory, are read here one right after the
  // other.
  forest::Tree whole() const {
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
        if (node.feature < 0) continue;
        node.left += next;
        node.threshold = edges[i] == kInfinity ? std::numeric_limits<float>::infinity()
                                               : data_.bins(static_cast<std::uint32_t>(node.feature)).edge(edges[i]);
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
