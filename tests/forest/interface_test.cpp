// What the interface grows is what the reference grows: from data in any layout and type, on any number of threads, and
// whoever goes from level to level.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "forest/interface.hpp"
#include "forest/model.hpp"

namespace gpu_host::forest_test {
namespace {

using wasi_gpu::growth_best_splits;
using wasi_gpu::growth_evaluate;
using wasi_gpu::growth_grow;
using wasi_gpu::growth_open_nodes;
using wasi_gpu::growth_split_nodes;
using wasi_gpu::growth_start;
using wasi_gpu::growth_value_ranges;

// Cases of a shard, each a test of its own.
class Shard : public testing::TestWithParam<std::uint32_t> {
 protected:
  template <class Body>
  void for_cases(std::uint32_t n, const Body& body) {
    for (std::uint32_t seed = GetParam() * n; seed < (GetParam() + 1) * n && !HasFatalFailure(); ++seed) {
      SCOPED_TRACE(testing::Message() << "case " << seed);
      body(case_of(seed), seed);
    }
  }
};

// Numbers of leaves are on a grid that depends on all trees of their forest (docs/forest-numerics.md, 7): it is finer
// than this of the largest, which is 1 at least in these cases.
bool is_same_but_for_the_grid(ModelNode a, ModelNode b) {
  if (a.feature < 0 && b.feature < 0 && std::abs(a.value - b.value) <= 0x1p-20F) a.value = b.value;
  return a == b;
}

class Interface : public Shard {};

TEST_P(Interface, GrowsWhatTheReferenceGrowsFromAnyLayout) {
  Tenant one_thread;
  Tenant two_threads({.threads = 2});
  for_cases(40, [&](const Case& one, std::uint32_t seed) {
    const Trees expected = trees_of(forest_reference::grow(one.data, one.parameters), one.parameters.n_classes);
    Dice dice(seed);
    for (Tenant* const tenant : {&one_thread, &two_threads}) {
      const Placed placed = place_somehow(*tenant, one, dice);
      const ResourceHandle data = must(wasi_gpu::data_set_create(tenant->session(), placed.params));
      destroy(*tenant, placed);
      ASSERT_NO_FATAL_FAILURE(expect_same(expected, grow(*tenant, data, growth_params(one))));
      EXPECT_TRUE(wasi_gpu::data_set_drop(tenant->session(), data));
    }
  });
}

TEST_P(Interface, ModelTellsItsShapeAndWritesAnyPart) {
  Tenant tenant;
  Session& session = tenant.session();
  for_cases(20, [&](const Case& one, std::uint32_t seed) {
    const ResourceHandle data = data_set_of(tenant, one);
    const ResourceHandle growth = must(growth_start(session, data, growth_params(one)));
    EXPECT_EQ(must(growth_grow(session, growth, 0)), 0U);
    EXPECT_EQ(must(growth_grow(session, growth, 1)), 1U);
    EXPECT_EQ(must(growth_grow(session, growth, std::numeric_limits<std::uint32_t>::max())), one.parameters.n_trees);
    const ResourceHandle model = must(wasi_gpu::growth_finish(session, growth));
    const Trees trees = trees_of(tenant, model);
    const ForestShape shape = must(wasi_gpu::model_shape(session, model));
    EXPECT_EQ(shape.n_trees, one.parameters.n_trees);
    EXPECT_EQ(shape.n_features, one.data.columns.size());
    EXPECT_EQ(shape.leaves, one.parameters.n_classes == 0 ? LeafKind::number : LeafKind::classes);
    EXPECT_EQ(shape.n_outputs, std::max(1U, one.parameters.n_classes));
    EXPECT_TRUE(shape.has_weights);
    EXPECT_FALSE(shape.has_leaf_targets);
    EXPECT_EQ(shape.numerics, forest::kNumericsVersion);
    EXPECT_EQ(shape.n_nodes, trees.nodes.size());
    EXPECT_EQ(shape.n_leaves, std::ranges::count(trees.nodes, -1, &ModelNode::feature));
    EXPECT_EQ(trees.offsets.front(), 0U);
    EXPECT_EQ(trees.offsets.back(), shape.n_nodes);
    Dice dice(seed);
    for (int i = 0; i < 4; ++i) {
      const std::uint32_t first = dice.number(0, static_cast<std::uint32_t>(shape.n_nodes));
      const std::uint32_t n = dice.number(0, static_cast<std::uint32_t>(shape.n_nodes) - first);
      // Behind one node that stays as it was.
      const auto some = written<ModelNode>(tenant, n + 2, [&](BufferId to) {
        return wasi_gpu::model_write_nodes(session, model, first, n, to, sizeof(ForestNode));
      });
      EXPECT_TRUE(std::ranges::equal(std::span(some).subspan(1, n), std::span(trees.nodes).subspan(first, n)));
      EXPECT_EQ(some.front(), ModelNode());
      EXPECT_EQ(some.back(), ModelNode());
    }
    if (shape.leaves == LeafKind::classes) {
      const std::uint32_t first = dice.number(0, static_cast<std::uint32_t>(shape.n_leaves));
      const std::uint32_t n = dice.number(0, static_cast<std::uint32_t>(shape.n_leaves) - first);
      const std::size_t size = std::size_t{n} * shape.n_outputs;
      const auto some = written<std::uint32_t>(tenant, size + 2, [&](BufferId to) {
        return wasi_gpu::model_write_leaf_values(session, model, first, n, to, sizeof(std::uint32_t));
      });
      EXPECT_TRUE(
          std::ranges::equal(std::span(some).subspan(1, size),
                             std::span(trees.leaf_classes).subspan(std::size_t{first} * shape.n_outputs, size)));
      EXPECT_EQ(some.front(), 0U);
      EXPECT_EQ(some.back(), 0U);
    }
    EXPECT_TRUE(wasi_gpu::model_drop(session, model));
    EXPECT_TRUE(wasi_gpu::growth_drop(session, growth));
    EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
  });
}

INSTANTIATE_TEST_SUITE_P(Random, Interface, testing::Range(0U, 5U));

// -- element types -----------------------------------------------------------------

constexpr std::array kElements{ElementType::float16, ElementType::float32, ElementType::float64, ElementType::int8,
                               ElementType::uint8,   ElementType::int16,   ElementType::uint16,  ElementType::int32,
                               ElementType::uint32,  ElementType::int64,   ElementType::uint64};
static_assert(kElements.size() == kElementTypeCount);

BufferId elements(Tenant& tenant, std::span<const double> values, ElementType element) {
  std::vector<std::byte> bytes(values.size() * size_of(element));
  for (std::size_t i = 0; i < values.size(); ++i) encode(values[i], element, &bytes[i * size_of(element)]);
  return tenant.share(std::move(bytes));
}

// One feature, its target and its weight: of a regression.
Trees grow_from(Tenant& tenant, std::span<const double> feature, ElementType of_feature, std::span<const double> target,
                ElementType of_target) {
  const auto n_rows = static_cast<std::uint32_t>(feature.size());
  const auto stride = [](ElementType element) { return static_cast<std::int64_t>(size_of(element)); };
  DataSetParams params{.n_rows = n_rows,
                       .features = {{elements(tenant, feature, of_feature), of_feature, 0, stride(of_feature), 0, 1}},
                       .targets = {elements(tenant, target, of_target), of_target, 0, stride(of_target)},
                       .n_classes = 0,
                       .draw_weights = {},
                       .criterion_weights = {},
                       .max_bins = 255,
                       .fine_bins = true,
                       .seed = 1};
  params.draw_weights = params.targets;
  const ResourceHandle data = must(wasi_gpu::data_set_create(tenant.session(), params));
  GrowthParams of_growth;
  of_growth.seed = 5;
  of_growth.n_trees = 3;
  of_growth.max_features = 1;
  of_growth.min_samples_split = 2;
  of_growth.min_samples_leaf = 1;
  of_growth.n_draws = n_rows;
  return grow(tenant, data, of_growth);
}

// Whole numbers that all types have.
std::vector<double> whole_numbers(std::uint32_t seed) {
  Dice dice(seed);
  std::vector<double> values(200);
  for (double& value : values) value = dice.number(0, 100);
  return values;
}

TEST(ElementTypes, OfTheSameNumbersGiveTheSameModel) {
  Tenant tenant;
  const auto feature = whole_numbers(1);
  const auto target = whole_numbers(2);
  const Trees expected = grow_from(tenant, feature, ElementType::float32, target, ElementType::float64);
  EXPECT_GT(expected.nodes.size(), 100U);
  for (const ElementType of_feature : kElements) {
    for (const ElementType of_target : kElements) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(of_feature) << ", " << static_cast<int>(of_target));
      EXPECT_EQ(grow_from(tenant, feature, of_feature, target, of_target), expected);
    }
  }
}

TEST(ElementTypes, KeepSignsAndFractions) {
  Tenant tenant;
  const auto target = whole_numbers(2);
  for (const double scale : {-1.0, 0.125, -0.5}) {
    auto feature = whole_numbers(1);
    for (double& value : feature) value *= scale;
    const Trees expected = grow_from(tenant, feature, ElementType::float64, target, ElementType::float64);
    for (const ElementType element : kElements) {
      const bool is_float = element <= ElementType::float64;
      const bool is_signed = is_float || element == ElementType::int8 || element == ElementType::int16 ||
                             element == ElementType::int32 || element == ElementType::int64;
      if (scale == -1 ? !is_signed : !is_float) continue;
      EXPECT_EQ(grow_from(tenant, feature, element, target, ElementType::float64), expected)
          << scale << ", " << static_cast<int>(element);
    }
  }
}

// Up to the largest number of a type, and down to the least.
TEST(ElementTypes, HaveTheirFullRange) {
  Tenant tenant;
  const auto steps = whole_numbers(1);
  const auto target = whole_numbers(2);
  const std::array<std::pair<double, double>, 8> ranges{{{-128, 127},
                                                         {0, 255},
                                                         {-32768, 32767},
                                                         {0, 65535},
                                                         {-0x1p31, 0x1p31 - 1},
                                                         {0, 0x1p32 - 1},
                                                         {-0x1p63, 0x1p63 - 1024},
                                                         {0, 0x1p64 - 2048}}};
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const auto element = static_cast<ElementType>(static_cast<std::size_t>(ElementType::int8) + i);
    std::vector<double> feature;
    feature.reserve(steps.size());
    for (const double step : steps) {
      const auto& [least, most] = ranges.at(i);
      feature.push_back(step == 100 ? most : least + std::floor((most / 100 - least / 100) * step));
    }
    const Trees expected = grow_from(tenant, feature, ElementType::float64, target, ElementType::float64);
    EXPECT_EQ(grow_from(tenant, feature, element, target, ElementType::float64), expected) << "element " << i;
  }
}

TEST(ElementTypes, AreRoundedToF32Once) {
  Tenant tenant;
  const auto target = whole_numbers(2);
  // Neighbours of where an f32 ends and the next begins, ties among them.
  std::vector<double> feature = whole_numbers(1);
  for (double& value : feature) value = 0x1p40 + std::floor(value / 4) * 0x1p15 + value - 50;
  std::vector<double> rounded;
  rounded.reserve(feature.size());
  for (const double value : feature) rounded.push_back(static_cast<double>(static_cast<float>(value)));
  EXPECT_NE(rounded, feature);
  const Trees expected = grow_from(tenant, rounded, ElementType::float32, target, ElementType::float64);
  for (const ElementType element : {ElementType::float64, ElementType::int64, ElementType::uint64}) {
    EXPECT_EQ(grow_from(tenant, feature, element, target, ElementType::float64), expected) << static_cast<int>(element);
  }
  for (double& value : feature) value = 0x1p30 + std::floor((value - 0x1p40) / 0x1p13);
  for (std::size_t i = 0; i < feature.size(); ++i) rounded[i] = static_cast<double>(static_cast<float>(feature[i]));
  EXPECT_NE(rounded, feature);
  const Trees other = grow_from(tenant, rounded, ElementType::float32, target, ElementType::float64);
  for (const ElementType element : {ElementType::int32, ElementType::uint32}) {
    EXPECT_EQ(grow_from(tenant, feature, element, target, ElementType::float64), other) << static_cast<int>(element);
  }
}

// The same element for all rows, or for all columns.
TEST(Layouts, MayHaveStridesOfZero) {
  Tenant tenant;
  Case one = case_of(3);
  one.parameters.n_classes = 0;
  const std::uint32_t n_rows = one.n_rows();
  ASSERT_GT(n_rows, 10U);
  std::vector<float> ramp(n_rows);
  for (std::uint32_t row = 0; row < n_rows; ++row) ramp[row] = static_cast<float>(row % 17);
  one.data.columns = {ramp, ramp, ramp, std::vector<float>(n_rows, 3.0F)};
  one.data.targets.assign(ramp.begin(), ramp.end());
  one.parameters.max_features = 0;
  Placed placed = place(tenant, one);
  const Columns block = placed.params.features[0];
  const std::uint64_t last = std::uint64_t{3} * n_rows * sizeof(float);
  placed.params.features = {{block.buffer, block.element, 0, block.row_stride, 0, 3},
                            {block.buffer, block.element, last, 0, 0, 1}};
  placed.params.targets = {block.buffer, block.element, 0, block.row_stride};
  const ResourceHandle data = must(wasi_gpu::data_set_create(tenant.session(), placed.params));
  EXPECT_EQ(must(wasi_gpu::data_set_constant_features(tenant.session(), data)), std::vector<std::uint32_t>{3});
  expect_same(grow(tenant, one), grow(tenant, data, growth_params(one)));
}

// -- steered growth ------------------------------------------------------------------

class Steered : public Shard {};

// Questions that must change nothing.
void ask(Session& session, ResourceHandle growth, std::size_t n_open, std::uint32_t n_features, Dice& dice) {
  const auto node = [&] { return dice.number(0, static_cast<std::uint32_t>(n_open) - 1); };
  const auto feature = [&] { return dice.number(0, n_features - 1); };
  if (dice.one_in(3)) {
    EXPECT_EQ(must(growth_best_splits(session, growth)).size(), n_open);
  }
  if (dice.one_in(3)) {
    const std::vector<NodeFeature> of{{node(), feature()}, {node(), feature()}};
    const auto ranges = must(growth_value_ranges(session, growth, of));
    ASSERT_EQ(ranges.size(), of.size());
    std::vector<SplitCandidate> candidates;
    candidates.reserve(of.size());
    for (std::size_t i = 0; i < of.size(); ++i) {
      candidates.push_back({of[i].node, {of[i].feature, ranges[i].low, dice.one_in(2)}});
    }
    EXPECT_EQ(must(growth_evaluate(session, growth, candidates)).size(), candidates.size());
  }
}

TEST_P(Steered, WithoutDecisionsGrowsTheSameHoweverItIsMixed) {
  Tenant tenant;
  Session& session = tenant.session();
  for_cases(30, [&](Case one, std::uint32_t seed) {
    Dice dice(seed);
    one.parameters.n_trees = dice.number(1, 6);
    const auto n_features = static_cast<std::uint32_t>(one.data.columns.size());
    const ResourceHandle data = data_set_of(tenant, one);
    const GrowthParams params = growth_params(one);
    const Trees expected = grow(tenant, data, params);
    // At most so many trees at a time; now and then grow() takes over, or never.
    for (const std::uint32_t at_once : {params.n_trees, dice.number(1, 3)}) {
      const std::uint32_t takes_over = at_once == params.n_trees ? 0 : dice.number(1, 8);
      const ResourceHandle growth = must(growth_start(session, data, params));
      while (true) {
        if (takes_over > 0 && dice.one_in(takes_over)) (void)must(growth_grow(session, growth, dice.number(0, 2)));
        const auto open = must(growth_open_nodes(session, growth, at_once));
        if (open.empty()) break;
        ASSERT_NO_FATAL_FAILURE(ask(session, growth, open.size(), n_features, dice));
        if (takes_over > 0 && dice.one_in(takes_over)) continue;
        must(growth_split_nodes(session, growth, {}));
      }
      EXPECT_EQ(must(growth_grow(session, growth, 0)), params.n_trees);
      ASSERT_NO_FATAL_FAILURE(expect_same(expected, finish(tenant, growth)));
    }
    EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
  });
}

// By the best splits that it is told, where a guest may decide so.
TEST_P(Steered, ByTheBestSplitsGrowsTheSame) {
  Tenant tenant({.threads = 2});
  Session& session = tenant.session();
  for_cases(30, [&](const Case& one, std::uint32_t) {
    const ResourceHandle data = data_set_of(tenant, one);
    const GrowthParams params = growth_params(one);
    const ResourceHandle growth = must(growth_start(session, data, params));
    while (true) {
      const auto open = must(growth_open_nodes(session, growth, params.n_trees));
      if (open.empty()) break;
      const auto best = must(growth_best_splits(session, growth));
      std::vector<SplitDecision> decisions;
      for (std::uint32_t node = 0; node < best.size(); ++node) {
        if (!best[node]) {
          decisions.push_back({node, {}});
        } else if (std::isfinite(best[node]->split.threshold)) {
          decisions.push_back({node, best[node]->split});
        }
      }
      must(growth_split_nodes(session, growth, decisions));
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(grow(tenant, data, params), finish(tenant, growth)));
    EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
  });
}

// What a guest was told of a split that it then made.
struct Told {
  OpenNode node;
  FoundSplit found;
};

void expect_as_told(const Trees& trees, const std::map<std::pair<std::uint32_t, std::uint32_t>, Told>& told) {
  for (std::uint32_t tree = 0; tree < trees.n_trees(); ++tree) {
    const auto nodes = trees.tree(tree);
    const auto root_weight = static_cast<double>(nodes[0].weight);
    for (std::uint32_t number = 0; number < nodes.size(); ++number) {
      SCOPED_TRACE(testing::Message() << "tree " << tree << ", node " << number);
      const auto found = told.find({tree, number});
      if (found == told.end()) {
        ASSERT_EQ(nodes[number].feature, -1);
        continue;
      }
      const auto& [open, split] = found->second;
      const ModelNode& node = nodes[number];
      ASSERT_EQ(node.feature, static_cast<std::int32_t>(split.split.feature));
      ASSERT_EQ(node.value, split.split.threshold);
      ASSERT_EQ(node.missing, node.left + (split.split.missing_left ? 0 : 1));
      ASSERT_EQ(node.weight, open.weight);
      ASSERT_EQ(nodes[node.left].weight, split.left_weight);
      ASSERT_EQ(nodes[node.left + 1].weight, open.weight - split.left_weight);
      // Both sides' impurities are known where they were open too.
      const auto left = told.find({tree, node.left});
      const auto right = told.find({tree, node.left + 1});
      if (left == told.end() || right == told.end()) continue;
      ASSERT_EQ(left->second.node.depth, open.depth + 1);
      ASSERT_EQ(left->second.node.rows, split.left_rows);
      ASSERT_EQ(right->second.node.rows, open.rows - split.left_rows);
      const auto weighted = [](const OpenNode& one) { return one.weight * one.impurity; };
      const double decrease =
          (weighted(open) - weighted(left->second.node) - weighted(right->second.node)) / root_weight;
      ASSERT_NEAR(split.decrease, decrease, 1e-9 * std::max(1.0, weighted(open) / root_weight));
    }
  }
}

// Extremely randomised trees: any feature, any threshold in its range.
TEST_P(Steered, ByTheGuestsOwnSplitsGrowsWhatItWasTold) {
  Tenant tenant;
  Session& session = tenant.session();
  for_cases(30, [&](const Case& one, std::uint32_t seed) {
    Dice dice(seed);
    const auto n_features = static_cast<std::uint32_t>(one.data.columns.size());
    const ResourceHandle data = data_set_of(tenant, one);
    const GrowthParams params = growth_params(one);
    const ResourceHandle growth = must(growth_start(session, data, params));
    std::map<std::pair<std::uint32_t, std::uint32_t>, Told> told;
    while (true) {
      const auto open = must(growth_open_nodes(session, growth, params.n_trees));
      if (open.empty()) break;
      std::vector<NodeFeature> of;
      of.reserve(open.size());
      for (std::uint32_t node = 0; node < open.size(); ++node) of.push_back({node, dice.number(0, n_features - 1)});
      const auto ranges = must(growth_value_ranges(session, growth, of));
      std::vector<SplitCandidate> candidates;
      for (std::size_t i = 0; i < of.size(); ++i) {
        const auto& [low, high, missing] = ranges[i];
        const float threshold = low <= high ? static_cast<float>(low + (high - low) * dice.fraction()) : 0;
        candidates.push_back({of[i].node, {of[i].feature, threshold, dice.one_in(2)}});
      }
      const auto found = must(growth_evaluate(session, growth, candidates));
      std::vector<SplitDecision> decisions;
      for (std::size_t i = 0; i < of.size(); ++i) {
        const bool is_range = ranges[i].low <= ranges[i].high;
        if (is_range && params.min_samples_leaf == 1 && params.min_weight_fraction_leaf == 0) {
          EXPECT_TRUE(found[i]) << "case " << seed;
        }
        if (!found[i]) {
          decisions.push_back({of[i].node, {}});
          continue;
        }
        EXPECT_GE(found[i]->left_rows, params.min_samples_leaf);
        EXPECT_GE(open[i].rows - found[i]->left_rows, params.min_samples_leaf);
        if (is_range) {
          EXPECT_LE(found[i]->split.threshold, candidates[i].split.threshold);
        }
        decisions.push_back({of[i].node, candidates[i].split});
        told[{open[i].tree, open[i].node}] = {open[i], *found[i]};
      }
      std::ranges::shuffle(decisions, std::mt19937(seed));
      must(growth_split_nodes(session, growth, decisions));
    }
    ASSERT_NO_FATAL_FAILURE(expect_as_told(finish(tenant, growth), told));
    EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
  });
}

// A wrong decision among good ones undoes nothing but itself: all of them.
TEST_P(Steered, WrongDecisionsDoNothing) {
  Tenant tenant;
  Session& session = tenant.session();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for_cases(30, [&](const Case& one, std::uint32_t seed) {
    Dice dice(seed);
    const auto n_features = static_cast<std::uint32_t>(one.data.columns.size());
    const ResourceHandle data = data_set_of(tenant, one);
    const GrowthParams params = growth_params(one);
    const ResourceHandle growth = must(growth_start(session, data, params));
    while (true) {
      const auto open = must(growth_open_nodes(session, growth, params.n_trees));
      if (open.empty()) break;
      const auto n_open = static_cast<std::uint32_t>(open.size());
      const std::uint32_t node = dice.number(0, n_open - 1);
      const std::uint32_t feature = dice.number(0, n_features - 1);
      const ValueRange range = must(growth_value_ranges(session, growth, {{node, feature}})).front();
      const std::vector<SplitDecision> wrong{
          {n_open, {}},
          {std::numeric_limits<std::uint32_t>::max(), {}},
          {node, ForestSplit{n_features, 0, false}},
          {node, ForestSplit{feature, std::numeric_limits<float>::quiet_NaN(), true}},
          {node, ForestSplit{feature, kInfinity, true}},
          {node, ForestSplit{feature, -kInfinity, false}},
          {node, ForestSplit{feature, std::numeric_limits<float>::lowest(), true}},
          {node, ForestSplit{feature, std::nextafter(range.low, -kInfinity), range.missing > 0 && dice.one_in(2)}},
          {0, {}},  // as another one does
      };
      for (std::size_t i = 0; i < wrong.size(); ++i) {
        // Below the range a split may be good where missing values make its left side.
        const bool is_good = i == 7 && must(growth_evaluate(session, growth, {{node, *wrong[i].split}})).front();
        if (is_good) continue;
        std::vector<SplitDecision> decisions;
        const bool names_twice = i + 1 == wrong.size();
        for (std::uint32_t other = 0; other < n_open; ++other) {
          if (names_twice || other != wrong[i].node) decisions.push_back({other, {}});
        }
        const std::size_t place = dice.number(names_twice ? 1 : 0, static_cast<std::uint32_t>(decisions.size()));
        decisions.insert(decisions.begin() + static_cast<std::ptrdiff_t>(place), wrong[i]);
        const auto refused = growth_split_nodes(session, growth, decisions);
        ASSERT_FALSE(refused) << i;
        EXPECT_EQ(refused.error().code, GpuErrorCode::invalid_params) << i;
        EXPECT_EQ(refused.error().message.rfind("decisions[" + std::to_string(place) + "]: ", 0), 0U)
            << refused.error().message;
      }
      must(growth_split_nodes(session, growth, {}));
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(grow(tenant, data, params), finish(tenant, growth)));
    EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
  });
}

TEST_P(Steered, LeavesOnlyAreStumps) {
  Tenant tenant;
  Session& session = tenant.session();
  for_cases(20, [&](const Case& one, std::uint32_t) {
    const ResourceHandle data = data_set_of(tenant, one);
    GrowthParams params = growth_params(one);
    const ResourceHandle growth = must(growth_start(session, data, params));
    for (auto open = must(growth_open_nodes(session, growth, 2)); !open.empty();
         open = must(growth_open_nodes(session, growth, 2))) {
      std::vector<SplitDecision> leaves;
      leaves.reserve(open.size());
      for (std::uint32_t node = 0; node < open.size(); ++node) leaves.push_back({node, {}});
      must(growth_split_nodes(session, growth, leaves));
    }
    params.max_depth = 0;
    ASSERT_NO_FATAL_FAILURE(expect_same(grow(tenant, data, params), finish(tenant, growth)));
    EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
  });
}

// Stopped at some depth: the trees that have begun end there, others are left out.
TEST_P(Steered, StoppedIsAsIfItWereNoDeeper) {
  Tenant tenant;
  Session& session = tenant.session();
  for_cases(30, [&](Case one, std::uint32_t seed) {
    Dice dice(seed);
    one.parameters.n_trees = 4;
    const ResourceHandle data = data_set_of(tenant, one);
    GrowthParams params = growth_params(one);
    const ResourceHandle growth = must(growth_start(session, data, params));
    const std::uint32_t n_whole = dice.number(0, 2);
    const std::uint32_t n_begun = dice.number(1, 2);
    const std::uint32_t depth = dice.number(0, 3);
    (void)must(growth_grow(session, growth, n_whole));
    // Trees that are leaves alone are finished at once; then others begin.
    auto open = must(growth_open_nodes(session, growth, n_begun));
    const std::uint32_t n_finished = must(growth_grow(session, growth, 0));
    for (std::uint32_t i = 0; i < depth && !open.empty(); ++i) {
      must(growth_split_nodes(session, growth, {}));
      if (must(growth_grow(session, growth, 0)) > n_finished) break;  // they are finished
      open = must(growth_open_nodes(session, growth, n_begun));
    }
    must(wasi_gpu::growth_stop(session, growth));
    const std::uint32_t n_trees = must(growth_grow(session, growth, 100));
    EXPECT_EQ(must(growth_open_nodes(session, growth, 1)).size(), 0U);
    if (n_trees > 0) {
      const Trees stopped = finish(tenant, growth);
      ASSERT_EQ(stopped.n_trees(), n_trees);
      const Trees whole = grow(tenant, data, params);
      params.max_depth = std::min(depth, params.max_depth.value_or(depth));
      const Trees shallow = grow(tenant, data, params);
      for (std::size_t tree = 0; tree < n_trees; ++tree) {
        EXPECT_TRUE(std::ranges::equal(stopped.tree(tree), (tree < n_finished ? whole : shallow).tree(tree),
                                       is_same_but_for_the_grid))
            << "tree " << tree;
      }
    } else {
      const auto none = wasi_gpu::growth_finish(session, growth);
      ASSERT_FALSE(none);
      EXPECT_EQ(none.error().code, GpuErrorCode::invalid_params);
      EXPECT_TRUE(wasi_gpu::growth_drop(session, growth));
    }
    EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
  });
}

INSTANTIATE_TEST_SUITE_P(Random, Steered, testing::Range(0U, 5U));

}  // namespace
}  // namespace gpu_host::forest_test
