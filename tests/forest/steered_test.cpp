// Trees that are grown level by level: by themselves they are TreeGrower's, and what guests ask and decide is counted
// again here, row by row, from values.
#include "backend/cpu/forest/steered_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "backend/cpu/forest/bag.hpp"
#include "backend/cpu/forest/grow_tree.hpp"
#include "backend/cpu/forest/impurity.hpp"
#include "forest/plain_tree.hpp"
#include "forest/random_case.hpp"

namespace gpu_host {
namespace {

using cpu::BagRow;
using forest_test::Case;
using forest_test::Dice;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

void expect_same(const std::optional<cpu::GrownTree>& expected, const forest::Tree& tree) {
  const cpu::TreesShape& shape = expected->tree.shape;
  const std::uint32_t n_classes = shape.leaves == LeafKind::number ? 0 : shape.n_outputs;
  const cpu::GrownTree grown = cpu::grown_tree(tree, shape.n_features, n_classes);
  const auto nodes = forest_test::plain_nodes(grown.tree);
  const auto expected_nodes = forest_test::plain_nodes(expected->tree);
  ASSERT_EQ(nodes.size(), expected_nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) ASSERT_EQ(nodes[i], expected_nodes[i]) << "node " << i;
  ASSERT_EQ(grown.importances, expected->importances);
}

void expect_same(const FoundSplit& expected, const FoundSplit& found) {
  ASSERT_EQ(found.split.feature, expected.split.feature);
  ASSERT_EQ(found.split.threshold, expected.split.threshold);
  ASSERT_EQ(found.split.missing_left, expected.split.missing_left);
  ASSERT_EQ(found.decrease, expected.decrease);
  ASSERT_EQ(found.left_rows, expected.left_rows);
  ASSERT_EQ(found.left_weight, expected.left_weight);
}

// All that grows trees of one case.
struct Growth {
  explicit Growth(Case one)
      : random(std::move(one)),
        parameters(forest_test::of_engine(random.parameters)),
        data(forest_test::data_set(random, workers)),
        grower(cpu::tree_grower(data, parameters)),
        scratch(cpu::steered_scratch(data, parameters)) {}

  [[nodiscard]] std::unique_ptr<cpu::SteeredTree> begin(std::uint32_t tree) {
    return cpu::steered_tree(data, parameters, tree, poll);
  }

  Case random;
  forest::Parameters parameters;
  cpu::Workers workers{nullptr, 1};
  cpu::Poll poll{nullptr};
  cpu::DataSet data;
  std::unique_ptr<cpu::TreeGrower> grower;
  std::unique_ptr<cpu::SteeredTree::Scratch> scratch;
};

// What a tree is, counted row by row.
class Recount {
 public:
  using Rows = cpu::Bag;

  struct Node {
    Rows rows;
    std::uint32_t depth = 0;
    std::optional<ForestSplit> split = {};
    std::uint32_t left = 0;
  };

  Recount(Growth& growth, std::uint32_t tree)
      : growth_(growth), nodes_{{cpu::draw_bag(growth.data, growth.parameters, tree, growth.poll)}} {}

  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
  [[nodiscard]] const Rows& rows(std::uint32_t node) const { return nodes_[node].rows; }

  [[nodiscard]] std::vector<float> edges(std::uint32_t feature) const {
    const forest::FeatureBins& bins = growth_.data.bins(feature);
    std::vector<float> edges;
    for (std::uint32_t bin = 0; bin + 1 < bins.first(bins.n_coarse()); ++bin) edges.push_back(bins.edge(bin));
    return edges;
  }

  [[nodiscard]] float value(std::uint32_t feature, const BagRow& row) const {
    return growth_.random.data.columns[feature][row.row];
  }

  [[nodiscard]] std::pair<Rows, Rows> sides(const Rows& rows, const ForestSplit& split) const {
    std::pair<Rows, Rows> sides;
    for (const BagRow& row : rows) {
      const float own = value(split.feature, row);
      (std::isnan(own) ? split.missing_left : own <= split.threshold) ? sides.first.push_back(row)
                                                                      : sides.second.push_back(row);
    }
    return sides;
  }

  static std::uint32_t weight(const Rows& rows) {
    return std::accumulate(rows.begin(), rows.end(), 0U,
                           [](std::uint32_t sum, const BagRow& row) { return sum + row.weight; });
  }

  // Weight · impurity.
  [[nodiscard]] long double error(const Rows& rows) const {
    const auto mean_of = [&](const auto& value_of) {
      long double sum = 0;
      for (const BagRow& row : rows) sum += value_of(row) * row.weight;
      return sum / weight(rows);
    };
    const std::uint32_t n_classes = growth_.data.n_classes();
    if (n_classes == 0) {
      const auto target = [&](const BagRow& row) { return this->target(row); };
      const long double mean = mean_of(target);
      return mean_of([&](const BagRow& row) { return (target(row) - mean) * (target(row) - mean); }) * weight(rows);
    }
    long double gini = 1;
    for (std::uint32_t i = 0; i < n_classes; ++i) {
      const long double share =
          mean_of([&](const BagRow& row) { return std::cmp_equal(growth_.data.target(row.row), i) ? 1.0L : 0.0L; });
      gini -= share * share;
    }
    return gini * weight(rows);
  }

  [[nodiscard]] std::optional<FoundSplit> evaluate(std::uint32_t node, ForestSplit split) const {
    if (split.threshold != kInfinity) {
      std::optional<float> edge;
      for (const float one : edges(split.feature)) {
        if (one <= split.threshold) edge = one;
      }
      if (!edge) return std::nullopt;
      split.threshold = *edge;
    }
    const FoundSplit found = measured(node, split);
    const std::uint32_t least = std::max(1U, growth_.parameters.min_samples_leaf);
    const double least_weight = std::ceil(growth_.parameters.min_weight_fraction_leaf * weight(rows(0)));
    const std::uint32_t lighter = std::min(found.left_weight, weight(rows(node)) - found.left_weight);
    const bool are_enough =
        found.left_rows >= least && rows(node).size() - found.left_rows >= least && lighter >= least_weight;
    return are_enough ? std::optional(found) : std::nullopt;
  }

  [[nodiscard]] FoundSplit measured(std::uint32_t node, const ForestSplit& split) const {
    const auto [left, right] = sides(rows(node), split);
    const long double sides = (left.empty() ? 0 : error(left)) + (right.empty() ? 0 : error(right));
    const auto decrease = static_cast<double>((error(rows(node)) - sides) / weight(rows(0)));
    return {split, decrease, static_cast<std::uint32_t>(left.size()), weight(left)};
  }

  [[nodiscard]] bool is_open(const Node& node) const {
    const forest::Parameters& parameters = growth_.parameters;
    if (node.depth == parameters.max_depth || node.rows.size() < parameters.min_samples_split) return false;
    return std::ranges::any_of(node.rows, [&](const BagRow& row) {
      return growth_.data.target(row.row) != growth_.data.target(node.rows[0].row);
    });
  }

  void split(std::uint32_t node, const ForestSplit& split) {
    auto [left, right] = sides(rows(node), split);
    nodes_[node].split = split;
    nodes_[node].left = static_cast<std::uint32_t>(nodes_.size());
    const std::uint32_t depth = nodes_[node].depth + 1;
    nodes_.push_back({std::move(left), depth});
    nodes_.push_back({std::move(right), depth});
  }

  void expect_is(const forest::Tree& tree) const {
    ASSERT_EQ(tree.nodes.size(), nodes_.size());
    const std::uint32_t n_classes = growth_.data.n_classes();
    const forest::Targets& targets = growth_.data.targets();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      SCOPED_TRACE(testing::Message() << "node " << i);
      const Node& node = nodes_[i];
      const forest::TreeNode& own = tree.nodes[i];
      ASSERT_EQ(own.rows, node.rows.size());
      ASSERT_EQ(own.weight, weight(node.rows));
      ASSERT_EQ(own.feature, node.split ? static_cast<std::int32_t>(node.split->feature) : -1);
      ASSERT_EQ(own.threshold, node.split ? node.split->threshold : 0);
      ASSERT_EQ(own.missing_left, node.split && node.split->missing_left);
      ASSERT_EQ(own.left, node.left);
      if (n_classes > 0) {
        std::vector<std::uint32_t> counts(n_classes, 0);
        for (const BagRow& row : node.rows) {
          counts[static_cast<std::size_t>(growth_.data.target(row.row))] += row.weight;
        }
        for (std::uint32_t k = 0; k < n_classes; ++k) ASSERT_EQ(tree.counts[i * n_classes + k], counts[k]);
        continue;
      }
      std::int64_t sum = 0;
      std::int64_t exact = 0;
      for (const BagRow& row : node.rows) {
        const std::int32_t p = growth_.data.target(row.row);
        sum += std::int64_t{forest::Targets::q_of(p, targets.bits)} * row.weight;
        exact += std::int64_t{p} * row.weight;
      }
      ASSERT_EQ(tree.sums[i], sum);
      const double mean = static_cast<double>(exact) / own.weight;
      const auto value = static_cast<float>(targets.center + mean * (targets.most / 0x1p30));
      ASSERT_EQ(tree.values[i], node.split ? 0 : value);
    }
  }

 private:
  [[nodiscard]] long double target(const BagRow& row) const {
    const forest::Targets& targets = growth_.data.targets();
    return forest::Targets::q_of(growth_.data.target(row.row), targets.bits) *
           (static_cast<long double>(targets.most) / std::exp2(targets.bits));
  }

  const Growth& growth_;
  std::vector<Node> nodes_;  // by depth, then from left to right
};

class SteeredTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  // Calls body(growth, dice, tree) for each tree of many cases.
  template <class Body>
  static void for_each_tree(const Body& body) {
    constexpr std::uint32_t kCases = 40;
    for (std::uint32_t seed = GetParam() * kCases; seed < (GetParam() + 1) * kCases; ++seed) {
      Growth growth(forest_test::random_case(seed));
      Dice dice(seed);
      for (std::uint32_t tree = 0; tree < growth.parameters.n_trees; ++tree) {
        SCOPED_TRACE(testing::Message() << "case " << seed << ", tree " << tree);
        ASSERT_NO_FATAL_FAILURE(body(growth, dice, tree));
      }
    }
  }
};

std::uint32_t n_open(const cpu::SteeredTree& tree) { return static_cast<std::uint32_t>(tree.open_nodes().size()); }

TEST_P(SteeredTest, ByItselfIsTheGrowersTreeInTheBytesThatWereSaid) {
  for_each_tree([](Growth& growth, Dice& dice, std::uint32_t number) {
    const auto tree = growth.begin(number);
    ASSERT_LE(tree->bytes(), cpu::bytes_to_begin_tree(growth.data));
    while (n_open(*tree) > 0) {
      for (std::uint32_t i = 0; i < n_open(*tree); ++i) {
        if (dice.one_in(2)) tree->find(i, *growth.scratch, growth.poll);
      }
      const std::uint64_t most = tree->bytes() + tree->bytes_to_advance();
      tree->advance(*growth.scratch, growth.poll);
      ASSERT_LE(tree->bytes(), std::min(most, cpu::most_bytes_of_tree(growth.data, growth.parameters)));
    }
    expect_same(growth.grower->grow(number, growth.poll), tree->take());
  });
}

// To give the engine's own splits as decisions changes nothing, neither the random numbers of nodes below.
TEST_P(SteeredTest, DecidedByItsBestSplitsIsTheGrowersTree) {
  for_each_tree([](Growth& growth, Dice& dice, std::uint32_t number) {
    const auto tree = growth.begin(number);
    while (n_open(*tree) > 0) {
      for (std::uint32_t i = 0; i < n_open(*tree); ++i) {
        const auto best = tree->best(i, *growth.scratch, growth.poll);
        if (!best) {
          if (dice.one_in(2)) tree->make_leaf(i);
        } else {
          const auto again = tree->evaluate(i, best->split, growth.poll);
          ASSERT_TRUE(again);
          ASSERT_NO_FATAL_FAILURE(expect_same(*best, *again));
          ASSERT_TRUE(tree->split(i, best->split, growth.poll));
        }
      }
      tree->advance(*growth.scratch, growth.poll);
    }
    expect_same(growth.grower->grow(number, growth.poll), tree->take());
  });
}

// A guest's question, often a strange one.
ForestSplit random_split(const Recount& recount, Dice& dice, std::uint32_t n_features) {
  ForestSplit split{dice.number(0, n_features - 1), 0, dice.one_in(2)};
  const std::vector<float> edges = recount.edges(split.feature);
  const BagRow& row = recount.rows(0)[dice.number(0, static_cast<std::uint32_t>(recount.rows(0).size()) - 1)];
  switch (dice.number(0, 9)) {
    case 0:
      split.threshold =
          std::vector{kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::max(),
                      std::numeric_limits<float>::lowest()}[dice.number(0, 4)];
      break;
    case 1:
      if (!edges.empty()) split.threshold = dice.one_in(2) ? edges.front() : edges.back();
      break;
    case 2:
    case 3:
      if (!edges.empty()) {
        split.threshold = edges[dice.number(0, static_cast<std::uint32_t>(edges.size()) - 1)];
        if (dice.one_in(2)) split.threshold = std::nextafter(split.threshold, dice.one_in(2) ? kInfinity : -kInfinity);
      }
      break;
    default:
      split.threshold = recount.value(split.feature, row);
  }
  return split;
}

void expect_close(const std::optional<FoundSplit>& expected, const std::optional<FoundSplit>& found, double scale) {
  ASSERT_EQ(found.has_value(), expected.has_value());
  if (!found) return;
  ASSERT_NEAR(found->decrease, expected->decrease, 1e-9 * expected->decrease + 1e-13 * scale);
  ASSERT_GE(found->decrease, 0);
  FoundSplit exact = *expected;
  exact.decrease = found->decrease;
  expect_same(exact, *found);
}

void expect_range(const Recount& recount, std::uint32_t node, std::uint32_t feature, const ValueRange& range) {
  std::uint32_t missing = 0;
  float least = kInfinity;
  float most = -kInfinity;
  for (const BagRow& row : recount.rows(node)) {
    const float value = recount.value(feature, row);
    missing += std::isnan(value) ? 1 : 0;
    least = std::fmin(least, value);
    most = std::fmax(most, value);
  }
  ASSERT_EQ(range.missing, missing);
  // The edges that part the values.
  std::vector<float> edges = recount.edges(feature);
  std::erase_if(edges, [&](float edge) { return !(edge >= least && edge < most); });
  ASSERT_EQ(range.low, edges.empty() ? kInfinity : edges.front());
  ASSERT_EQ(range.high, edges.empty() ? -kInfinity : edges.back());
}

// Asks, decides, and keeps count.
void steer(Growth& growth, Dice& dice, cpu::SteeredTree& tree, Recount& recount) {
  const std::uint32_t n_features = growth.data.n_features();
  const auto scale = static_cast<double>(recount.error(recount.rows(0)) / Recount::weight(recount.rows(0)));
  std::vector<std::pair<std::uint32_t, ForestSplit>> splits;
  for (std::uint32_t i = 0; i < n_open(tree); ++i) {
    const OpenNode open = tree.open_nodes()[i];
    const Recount::Rows& rows = recount.rows(open.node);
    ASSERT_EQ(open.rows, rows.size());
    ASSERT_EQ(open.weight, Recount::weight(rows));
    const auto impurity = static_cast<double>(recount.error(rows) / open.weight);
    ASSERT_NEAR(open.impurity, impurity, 1e-9 * impurity + 1e-13 * scale);
    const std::uint32_t feature = dice.number(0, n_features - 1);
    ASSERT_NO_FATAL_FAILURE(expect_range(recount, open.node, feature, tree.value_range(i, feature, growth.poll)));
    const ForestSplit own = random_split(recount, dice, n_features);
    const auto found = tree.evaluate(i, own, growth.poll);
    ASSERT_NO_FATAL_FAILURE(expect_close(recount.evaluate(open.node, own), found, scale));
    switch (dice.number(0, 3)) {
      case 0:
        if (dice.one_in(4)) {
          tree.make_leaf(i);
          break;
        }
        [[fallthrough]];
      case 1: {
        const auto best = tree.best(i, *growth.scratch, growth.poll);
        if (!best) break;
        splits.emplace_back(open.node, best->split);
        ASSERT_NO_FATAL_FAILURE(expect_close(recount.measured(open.node, best->split), best, scale));
        break;
      }
      default:
        if (dice.one_in(3)) (void)tree.split(i, random_split(recount, dice, n_features), growth.poll);  // is revoked
        ASSERT_EQ(tree.split(i, own, growth.poll), found.has_value());
        if (found) {
          splits.emplace_back(open.node, found->split);
        } else if (const auto best = tree.best(i, *growth.scratch, growth.poll)) {
          splits.emplace_back(open.node, best->split);
        }
    }
  }
  for (const auto& [node, split] : splits) recount.split(node, split);
}

std::vector<std::uint32_t> open_nodes(const cpu::SteeredTree& tree) {
  std::vector<std::uint32_t> nodes;
  for (const OpenNode& open : tree.open_nodes()) nodes.push_back(open.node);
  return nodes;
}

TEST_P(SteeredTest, SteeredAtRandomIsWhatARecountSays) {
  for_each_tree([](Growth& growth, Dice& dice, std::uint32_t number) {
    const auto tree = growth.begin(number);
    Recount recount(growth, number);
    std::uint32_t first = 0;
    for (std::uint32_t depth = 0; n_open(*tree) > 0; ++depth) {
      std::vector<std::uint32_t> open;
      for (std::uint32_t i = first; i < recount.nodes().size(); ++i) {
        if (recount.is_open(recount.nodes()[i])) open.push_back(i);
      }
      ASSERT_EQ(open_nodes(*tree), open);
      for (const OpenNode& node : tree->open_nodes()) {
        ASSERT_EQ(node.depth, depth);
        ASSERT_EQ(node.tree, number);
      }
      first = static_cast<std::uint32_t>(recount.nodes().size());
      ASSERT_NO_FATAL_FAILURE(steer(growth, dice, *tree, recount));
      tree->advance(*growth.scratch, growth.poll);
    }
    recount.expect_is(tree->take());
  });
}

TEST_P(SteeredTest, ForgottenDecisionsAreNone) {
  for_each_tree([](Growth& growth, Dice& dice, std::uint32_t number) {
    const auto tree = growth.begin(number);
    while (n_open(*tree) > 0) {
      Recount unused(growth, number);
      for (std::uint32_t i = 0; i < n_open(*tree); ++i) {
        if (dice.one_in(2)) {
          tree->make_leaf(i);
        } else {
          (void)tree->split(i, random_split(unused, dice, growth.data.n_features()), growth.poll);
        }
      }
      tree->forget_decisions();
      tree->advance(*growth.scratch, growth.poll);
    }
    expect_same(growth.grower->grow(number, growth.poll), tree->take());
  });
}

TEST_P(SteeredTest, ClosedEarlyIsATreeOfLessDepth) {
  for_each_tree([](Growth& growth, Dice& dice, std::uint32_t number) {
    const auto tree = growth.begin(number);
    const std::uint32_t depth = dice.number(0, 5);
    for (std::uint32_t i = 0; i < depth && n_open(*tree) > 0; ++i) tree->advance(*growth.scratch, growth.poll);
    // A decision that is not carried out.
    if (n_open(*tree) > 0 && dice.one_in(2)) {
      if (const auto best = tree->best(0, *growth.scratch, growth.poll)) {
        (void)tree->split(0, best->split, growth.poll);
      }
    }
    tree->close(growth.poll);
    ASSERT_EQ(n_open(*tree), 0);
    forest::Parameters shallow = growth.parameters;
    shallow.max_depth = std::min(shallow.max_depth, depth);
    expect_same(cpu::tree_grower(growth.data, shallow)->grow(number, growth.poll), tree->take());
  });
}

TEST_P(SteeredTest, InterruptedCallsLeaveTheTreeAsItWas) {
  for_each_tree([](Growth& growth, Dice& dice, std::uint32_t number) {
    const auto tree = growth.begin(number);
    Interrupt interrupt;
    interrupt.request();
    while (n_open(*tree) > 0) {
      cpu::Poll stopped(&interrupt);
      // Somewhere on its way.
      (void)stopped.stop(cpu::kPollWork - dice.number(0, dice.one_in(2) ? 5 * growth.data.n_rows() : 20));
      const std::vector<std::uint32_t> open = open_nodes(*tree);
      const std::uint32_t asked = dice.number(0, n_open(*tree) - 1);
      (void)tree->value_range(asked, dice.number(0, growth.data.n_features() - 1), stopped);
      (void)tree->evaluate(asked, {0, 0.5F, true}, stopped);
      (void)tree->best(asked, *growth.scratch, stopped);
      if (dice.one_in(4)) {
        tree->close(stopped);
        if (n_open(*tree) == 0) return;
      } else {
        tree->advance(*growth.scratch, stopped);
      }
      if (!stopped.stop(0)) continue;
      ASSERT_EQ(open_nodes(*tree), open);
      if (dice.one_in(2)) tree->advance(*growth.scratch, growth.poll);
    }
    expect_same(growth.grower->grow(number, growth.poll), tree->take());
  });
}

INSTANTIATE_TEST_SUITE_P(Random, SteeredTest, testing::Range(0U, 10U));

TEST(SteeredThreadsTest, AskAboutNodesOfOneTree) {
  Dice dice(1);
  Case one;
  for (std::uint32_t i = 0; i < 4; ++i) {
    for (std::uint32_t row = 0; row < 5000; ++row) {
      one.data.columns.resize(i + 1);
      one.data.columns[i].push_back(static_cast<float>(dice.fraction()));
    }
  }
  for (const float value : one.data.columns[0]) one.data.targets.push_back(std::sin(9 * value) + dice.fraction());
  Growth growth(std::move(one));
  const auto tree = growth.begin(0);
  cpu::Workers workers(nullptr, 2);
  while (n_open(*tree) > 0) {
    ASSERT_TRUE(workers.for_blocks(n_open(*tree), 2, [&](std::size_t begin, std::size_t end) {
      const auto scratch = cpu::steered_scratch(growth.data, growth.parameters);
      cpu::Poll poll(nullptr);
      for (auto i = static_cast<std::uint32_t>(begin); i < end; ++i) {
        (void)tree->best(i, *scratch, poll);
        (void)tree->value_range(i, 1, poll);
        (void)tree->evaluate(i, {1, 0.5F, false}, poll);
      }
    }));
    tree->advance(*growth.scratch, growth.poll);
  }
  expect_same(growth.grower->grow(0, growth.poll), tree->take());
}

TEST(SteeredImpurityTest, HasRoomForTheLargestSums) {
  constexpr std::int64_t kMost = 1 << 24;
  constexpr std::uint32_t kHalf = (1U << 30U) - 1;
  cpu::SquaredError far({0, 2 * std::int64_t{kHalf}});
  far.add(kMost, kHalf);
  far.add(-kMost, kHalf);
  EXPECT_DOUBLE_EQ(far.mean(), 0x1p48);
  constexpr std::uint32_t kRest = (1U << 31U) - 2;
  cpu::SquaredError one({kMost - kMost * kRest, std::int64_t{kRest} + 1});
  one.add(kMost, 1);
  one.add(-kMost, kRest);
  EXPECT_DOUBLE_EQ(one.mean(), 0x1p50 / (kRest + 1.0) * (kRest / (kRest + 1.0)));
}

// Friedman's function of five features, and as many without meaning.
Case friedman(Dice& dice, std::uint32_t n_rows) {
  Case one;
  one.data.columns.resize(10);
  for (std::uint32_t row = 0; row < n_rows; ++row) {
    std::vector<double> x;
    for (auto& column : one.data.columns) {
      column.push_back(static_cast<float>(dice.fraction()));
      x.push_back(column.back());
    }
    one.data.targets.push_back(10 * std::sin(std::numbers::pi * x[0] * x[1]) + 20 * (x[2] - 0.5) * (x[2] - 0.5) +
                               10 * x[3] + 5 * x[4] + dice.fraction() + dice.fraction());
  }
  return one;
}

// Geurts, Ernst, Wehenkel, "Extremely randomized trees", 2006: of some features a threshold at random each.
forest::Tree extremely_randomised_tree(Growth& growth, Dice& dice, std::uint32_t number) {
  constexpr std::uint32_t kTried = 8;
  std::vector<std::uint32_t> features(growth.data.n_features());
  std::iota(features.begin(), features.end(), 0U);
  const auto tree = growth.begin(number);
  while (n_open(*tree) > 0) {
    for (std::uint32_t i = 0; i < n_open(*tree); ++i) {
      std::optional<FoundSplit> best;
      for (std::uint32_t j = 0; j < kTried; ++j) {
        std::swap(features[j], features[dice.number(j, static_cast<std::uint32_t>(features.size()) - 1)]);
        const ValueRange range = tree->value_range(i, features[j], growth.poll);
        if (range.low > range.high) continue;
        const auto share = static_cast<float>(dice.fraction());
        const ForestSplit split{features[j], range.low + share * (range.high - range.low), false};
        const auto found = tree->evaluate(i, split, growth.poll);
        EXPECT_TRUE(found);
        if (found && (!best || found->decrease > best->decrease)) best = found;
      }
      if (!best) {
        tree->make_leaf(i);
      } else {
        EXPECT_TRUE(tree->split(i, best->split, growth.poll));
      }
    }
    tree->advance(*growth.scratch, growth.poll);
  }
  return tree->take();
}

double predicted(const forest::Tree& tree, const Case& one, std::size_t row) {
  std::uint32_t at = 0;
  while (tree.nodes[at].feature >= 0) {
    const forest::TreeNode& node = tree.nodes[at];
    const float value = one.data.columns[static_cast<std::size_t>(node.feature)][row];
    at = node.left + (value <= node.threshold ? 0 : 1);
  }
  return tree.values[at];
}

double r2(const std::vector<forest::Tree>& trees, const Case& one) {
  const std::vector<double>& targets = one.data.targets;
  const double mean = std::accumulate(targets.begin(), targets.end(), 0.0) / one.n_rows();
  double error = 0;
  double variance = 0;
  for (std::size_t row = 0; row < targets.size(); ++row) {
    double sum = 0;
    for (const forest::Tree& tree : trees) sum += predicted(tree, one, row);
    error += std::pow(sum / static_cast<double>(trees.size()) - targets[row], 2);
    variance += std::pow(mean - targets[row], 2);
  }
  return 1 - error / variance;
}

TEST(SteeredExtraTreesTest, LearnFriedmansFunction) {
  Dice dice(5);
  const Case test = friedman(dice, 500);
  Growth growth(friedman(dice, 2000));
  std::vector<forest::Tree> trees(20);
  for (std::uint32_t i = 0; i < trees.size(); ++i) trees[i] = extremely_randomised_tree(growth, dice, i);
  EXPECT_GT(r2(trees, test), 0.88);
}

}  // namespace
}  // namespace gpu_host
