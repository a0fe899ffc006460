// What models predict, to the bit, against section 7 of docs/forest-numerics.md.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>
#include <vector>

#include "forest/interface.hpp"
#include "forest/reference_predict.hpp"
#include "forest/refusals.hpp"

namespace gpu_host::forest_test {
namespace {

// Of rows walked one by one, and in tiles, full or not.
constexpr std::array<std::uint32_t, 11> kRowCounts{0, 1, 2, 7, 8, 9, 31, 32, 33, 65, 1000};

class SpecialForests : public testing::Test {
 protected:
  // By one thread and by two.
  void expect_predicts(const Forest& forest, const Rows& rows) {
    for (Tenant* const tenant : {&one_thread_, &two_threads_}) {
      const ResourceHandle model = create(*tenant, forest);
      ASSERT_NO_FATAL_FAILURE(forest_test::expect_predicts(*tenant, forest, model, rows));
      EXPECT_TRUE(wasi_gpu::model_drop(tenant->session(), model));
      EXPECT_EQ(tenant->used(), 0U);
    }
  }

  Tenant one_thread_{{.threads = 1}};
  Tenant two_threads_{{.threads = 2}};
};

class Predict : public SpecialForests, public testing::WithParamInterface<std::uint32_t> {};

void expect_grown_predicts(Tenant& tenant, const Case& one, Dice& dice, std::uint32_t n_rows) {
  const std::uint32_t n_classes = one.parameters.n_classes;
  const ResourceHandle model = grow_model(tenant, one, growth_params(one));
  const Forest forest =
      grown_forest(trees_of(tenant, model), static_cast<std::uint32_t>(one.data.columns.size()), n_classes);
  ASSERT_NO_FATAL_FAILURE(expect_same(as_model(forest), forest));  // its values are on the grid
  ASSERT_NO_FATAL_FAILURE(expect_predicts(tenant, forest, model, some_rows(dice, forest, n_rows)));
  EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
}

TEST_P(Predict, GrownForests) {
  Dice dice(GetParam());
  for (std::uint32_t i = 0; i < 25; ++i) {
    const std::uint32_t number = GetParam() * 25 + i;
    SCOPED_TRACE(testing::Message() << "case " << number);
    Case one = case_of(number);
    one.parameters.n_trees = dice.number(1, 20);
    ASSERT_NO_FATAL_FAILURE(expect_grown_predicts(two_threads_, one, dice, kRowCounts.at(number % kRowCounts.size())));
  }
}

TEST_P(Predict, GrownForestsOfManyClasses) {
  Dice dice(GetParam());
  for (const std::uint32_t n_classes : {2U, 3U, 7U, 256U}) {
    SCOPED_TRACE(testing::Message() << n_classes << " classes");
    Case one = case_of(GetParam());
    one.data.targets.clear();
    const auto n_rows = static_cast<std::uint32_t>(one.data.columns[0].size());
    for (std::uint32_t row = 0; row < n_rows; ++row) one.data.targets.push_back(dice.number(0, n_classes - 1));
    one.data.criterion_weights.clear();
    one.parameters.n_classes = n_classes;
    one.parameters.balanced_subsample = dice.one_in(2);
    ASSERT_NO_FATAL_FAILURE(expect_grown_predicts(one_thread_, one, dice, 100));
  }
}

TEST_P(Predict, CreatedForests) {
  for (std::uint32_t i = 0; i < 60; ++i) {
    const std::uint32_t number = GetParam() * 60 + i;
    SCOPED_TRACE(testing::Message() << "case " << number);
    Dice dice(number);
    const Forest forest = some_forest(dice, dice.one_in(3) ? 40 : 6, dice.one_in(3) ? 300 : 30);
    ASSERT_NO_FATAL_FAILURE(
        expect_predicts(forest, some_rows(dice, forest, kRowCounts.at(number % kRowCounts.size()))));
  }
}

INSTANTIATE_TEST_SUITE_P(Random, Predict, testing::Range(0U, 5U));

// -- special forests
Forest number_forest(std::uint32_t n_features) {
  Forest forest;
  forest.n_features = n_features;
  return forest;
}

ModelNode leaf_of(float value) { return {-1, value, 0, 0, 0}; }

TEST_F(SpecialForests, ChainsAreFollowedToTheirEnds) {
  Dice dice(3);
  for (const std::uint32_t depth : {1U, 2U, 3U, 100U, 2000U}) {
    Forest forest = number_forest(2);
    for (int tree = 0; tree < 5; ++tree) {
      auto nodes = some_tree(dice, 2, 2 * depth + 1, Growth::chain);
      // Most rows go all the way: left.
      for (ModelNode& node : nodes) {
        if (node.feature >= 0) {
          node.value = dice.one_in(500) ? 0.5F : kInfinity;
          node.missing = node.left;
        } else {
          node.value = static_cast<float>(dice.number(0, 1000));
        }
      }
      forest.add_tree(nodes);
    }
    ASSERT_NO_FATAL_FAILURE(expect_predicts(forest, some_rows(dice, forest, 7)));
    ASSERT_NO_FATAL_FAILURE(expect_predicts(forest, some_rows(dice, forest, 70)));
  }
}

// As many features as there may be: all bits of a node are used, and in large trees it needs more.
TEST_F(SpecialForests, HaveManyFeaturesAndNodes) {
  Dice dice(4);
  for (const std::uint32_t n_features : {1U, 255U, 256U, 257U, 65535U, 65536U}) {
    for (const std::uint32_t n_nodes : {16383U, 16385U, 40001U}) {
      SCOPED_TRACE(testing::Message() << n_features << " features, " << n_nodes << " nodes");
      Forest forest = number_forest(n_features);
      forest.add_tree(some_tree(dice, n_features, n_nodes));
      forest.add_tree({leaf_of(3)});
      forest.add_tree(some_tree(dice, n_features, 101));
      for (ModelNode& node : forest.nodes) {
        if (node.feature < 0) node.value = some_number(dice);
        if (node.feature > 0 && dice.one_in(2)) node.feature = static_cast<std::int32_t>(n_features - 1);
      }
      for (const std::uint32_t n_rows : {3U, 20U}) {
        ASSERT_NO_FATAL_FAILURE(expect_predicts(forest, some_rows(dice, forest, n_rows)));
      }
    }
  }
}

// Of which single rows walk more trees at a time, and those that are left over.
TEST_F(SpecialForests, HaveMoreNodesThanNearCaches) {
  Dice dice(5);
  for (const std::uint32_t n_features : {2U, 65536U}) {
    for (const std::uint32_t n_small : {0U, 27U, 28U, 29U}) {
      SCOPED_TRACE(testing::Message() << n_features << " features, " << n_small << " small trees");
      Forest forest = number_forest(n_features);
      for (int tree = 0; tree < 4; ++tree) forest.add_tree(some_tree(dice, n_features, 40001));
      for (std::uint32_t tree = 0; tree < n_small; ++tree) forest.add_tree(some_tree(dice, n_features, 101));
      for (ModelNode& node : forest.nodes) {
        if (node.feature < 0) node.value = some_number(dice);
      }
      ASSERT_NO_FATAL_FAILURE(expect_predicts(forest, some_rows(dice, forest, 3)));
    }
  }
}

// One node each, and more of them than rows in a block.
TEST_F(SpecialForests, HaveManySmallTrees) {
  for (const std::uint32_t n_trees : {1U, 15U, 16U, 17U, 33U, 100'000U}) {
    Forest forest = number_forest(2);
    forest.average = true;
    for (std::uint32_t tree = 0; tree < n_trees; ++tree) forest.add_tree({leaf_of(static_cast<float>(tree))});
    for (const std::uint32_t n_rows : {1U, 5U, 8U, 40U}) {
      Rows rows{.n_features = 2};
      rows.values.assign(std::size_t{2} * n_rows, kNan);
      ASSERT_NO_FATAL_FAILURE(expect_predicts(forest, rows));
    }
  }
}

TEST_F(SpecialForests, HaveManyOutputs) {
  Dice dice(5);
  Forest forest;
  forest.n_outputs = 65536;
  forest.leaves = LeafKind::vector;
  forest.add_tree({{0, 0, 1, 2, 0}, leaf_of(0), leaf_of(0)});
  for (std::size_t i = 0; i < std::size_t{2} * 65536; ++i) forest.vectors.push_back(some_number(dice));
  ASSERT_NO_FATAL_FAILURE(expect_predicts(forest, Rows{1, {-1, 1, 0, kNan}}));
  ASSERT_NO_FATAL_FAILURE(expect_predicts(forest, some_rows(dice, forest, 40)));
  Forest sparse;  // most outputs have no tree
  sparse.n_outputs = 65536;
  sparse.average = true;
  sparse.base.assign(65536, 0.25);
  sparse.add_tree({leaf_of(1)});
  sparse.add_tree({leaf_of(2)});
  sparse.tree_outputs = {7, 65535};
  ASSERT_NO_FATAL_FAILURE(expect_predicts(sparse, Rows{1, {1, 2}}));
}

// -- what the document says, by hand
std::vector<float> outputs_of(const Forest& forest, const std::vector<float>& row) {
  Tenant tenant;
  return predict(tenant, create(tenant, forest), Rows{row.size(), row}).outputs;
}

TEST(Numerics, ValuesAreCompared) {
  Forest forest = number_forest(1);
  const auto side = [&](float threshold, float value, std::uint32_t missing = 1) {
    forest.offsets = {0};
    forest.nodes.clear();
    forest.add_tree({{0, threshold, 1, missing, 0}, leaf_of(1), leaf_of(2)});
    return outputs_of(forest, {value})[0] == 1 ? 'L' : 'R';
  };
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(side(0.5F, 0.5F), 'L');
  EXPECT_EQ(side(0.5F, std::nextafter(0.5F, 1.0F)), 'R');
  EXPECT_EQ(side(0.0F, -0.0F), 'L');
  EXPECT_EQ(side(-0.0F, 0.0F), 'L');
  EXPECT_EQ(side(-0.0F, kTiny), 'R');
  EXPECT_EQ(side(-kTiny, -0.0F), 'R');
  EXPECT_EQ(side(-kTiny, -kTiny), 'L');
  EXPECT_EQ(side(kInfinity, kInfinity, 2), 'L');
  EXPECT_EQ(side(kInfinity, kNan, 2), 'R');
  EXPECT_EQ(side(kInfinity, kNan, 1), 'L');
  EXPECT_EQ(side(-kInfinity, -kInfinity), 'L');
  EXPECT_EQ(side(-kInfinity, std::numeric_limits<float>::lowest()), 'R');
  EXPECT_EQ(side(-kInfinity, kNan, 1), 'L');
  EXPECT_EQ(side(std::numeric_limits<float>::max(), kInfinity), 'R');
  EXPECT_EQ(side(1, -kNan, 2), 'R');
}

TEST(Numerics, ValuesOfLeavesAreOnAGrid) {
  const auto leaves = [](const std::vector<float>& values, const std::vector<double>& base) {
    Tenant tenant;
    Forest forest = number_forest(1);
    forest.base = base;
    for (const float value : values) forest.add_tree({leaf_of(value)});
    std::vector<float> own;
    for (const ModelNode& node : read_back(tenant, create(tenant, forest), forest).nodes) own.push_back(node.value);
    return own;
  };
  using Values = std::vector<float>;
  EXPECT_EQ(leaves({0x1p-51F}, {}), Values{0x1p-51F});  // E is its own exponent
  // One tree: E = 0, q = 2^-51; ties go to the even multiple.
  EXPECT_EQ(leaves({0x1p-51F}, {1}), Values{0x1p-51F});
  EXPECT_EQ(leaves({0x1p-52F}, {1}), Values{0});
  EXPECT_EQ(leaves({0x3p-52F}, {1}), Values{0x4p-52F});
  EXPECT_EQ(leaves({0x1.000002p-52F}, {1}), Values{0x1p-51F});
  EXPECT_EQ(leaves({-0x3p-52F}, {-1}), Values{-0x4p-52F});
  // A little above 1: E = 1, q = 2^-50.
  EXPECT_EQ(leaves({0x1p-51F}, {1.0000001}), Values{0});
  // Of three trees q has one bit fewer than of one: 2^(0 + 2 - 52).
  EXPECT_EQ(leaves({1, 0x1p-51F, 0x1p-50F}, {}), (Values{1, 0, 0x1p-50F}));
  EXPECT_EQ(leaves({1, 0x1p-49F, 0x1p-50F, 0x1p-49F}, {}), (Values{1, 0x1p-49F, 0, 0x1p-49F}));
  // E = 127.
  EXPECT_EQ(leaves({1e38F, 1e-38F, 1e20F}, {}), (Values{1e38F, 0, 0}));
  EXPECT_EQ(leaves({1e38F, 0x1.4p78F, 0x1.cp78F}, {}), (Values{1e38F, 0x1p78F, 0x1p79F}));
  EXPECT_EQ(leaves({0, 0}, {0}), (Values{0, 0}));
}

TEST(Numerics, OutputsAreSumsOrMeans) {
  Forest forest = number_forest(1);
  forest.n_outputs = 3;
  for (const float value : {1.0F, 2.0F, 4.0F, 9.0F}) forest.add_tree({leaf_of(value)});
  forest.tree_outputs = {0, 2, 0, 0};
  EXPECT_EQ(outputs_of(forest, {0}), (std::vector<float>{14, 0, 2}));
  forest.base = {100, -1, 0.5};
  EXPECT_EQ(outputs_of(forest, {0}), (std::vector<float>{114, -1, 2.5}));
  forest.average = true;
  EXPECT_EQ(outputs_of(forest, {0}), (std::vector<float>{static_cast<float>(314.0 / 3), -1, 2.5}));
  // What floats would lose.
  forest = number_forest(1);
  for (const float value : {0x1p40F, 1.0F, -0x1p40F}) forest.add_tree({leaf_of(value)});
  EXPECT_EQ(outputs_of(forest, {0}), std::vector<float>{1});
}

TEST(Numerics, BasesMayBeAsSmallOrLargeAsNumbers) {
  Forest forest = number_forest(1);
  forest.add_tree({leaf_of(0)});
  const auto with = [&](double base, float value) {
    forest.base = {base};
    forest.nodes[0].value = value;
    return outputs_of(forest, {0});
  };
  EXPECT_EQ(with(5e-324, 0), std::vector<float>{0});
  EXPECT_EQ(with(1e-310, 0), std::vector<float>{0});
  EXPECT_EQ(with(-1e-300, 1), std::vector<float>{1});
  EXPECT_EQ(with(1e300, 1), std::vector<float>{kInfinity});
  EXPECT_EQ(with(-std::numeric_limits<double>::max(), 1), std::vector<float>{-kInfinity});
}

TEST(Numerics, ProbabilitiesAreInteger) {
  Forest forest;
  forest.leaves = LeafKind::classes;
  forest.average = true;
  forest.n_outputs = 3;
  forest.add_tree({leaf_of(0)});
  forest.classes = {1, 1, 1};
  const auto third = 0x555555p-24F;  // not the nearest f32 of 1/3
  EXPECT_EQ(outputs_of(forest, {0}), (std::vector<float>{third, third, third}));
  forest.n_outputs = 2;
  forest.classes = {1, 2};
  EXPECT_EQ(outputs_of(forest, {0}), (std::vector<float>{0x555555p-24F, 0xaaaaabp-24F}));
  forest.classes = {2, 1};
  EXPECT_EQ(outputs_of(forest, {0}), (std::vector<float>{0xaaaaabp-24F, 0x555555p-24F}));
  forest.classes = {0xfffffffe, 1};
  EXPECT_EQ(outputs_of(forest, {0}), (std::vector<float>{1, 0}));
  forest.classes = {0, 0xffffffff};
  EXPECT_EQ(outputs_of(forest, {0}), (std::vector<float>{0, 1}));
  // Halves of a unit go up: of the second class, of which the first is the rest.
  forest.classes = {(1U << 25U) - 1, 1};
  EXPECT_EQ(outputs_of(forest, {0}), (std::vector<float>{0xffffffp-24F, 0x1p-24F}));
}

// -- rows in any layout
// Writes a number of the type, and gives what it is as f32.
float some_element(Dice& dice, ElementType element, std::byte* to) {
  const auto integer = [&]<class T>(T) {
    auto value = static_cast<T>(dice.word());
    if (dice.one_in(2)) value = static_cast<T>(dice.number(0, 5));
    if (dice.one_in(9)) value = dice.one_in(2) ? std::numeric_limits<T>::min() : std::numeric_limits<T>::max();
    std::memcpy(to, &value, sizeof(value));
    return static_cast<float>(static_cast<long double>(value));
  };
  switch (element) {
    case ElementType::float16: {
      const float value = some_value(dice);
      const auto half = static_cast<_Float16>(dice.one_in(9) ? kNan : value);
      std::memcpy(to, &half, sizeof(half));
      return static_cast<float>(half);
    }
    case ElementType::float32: {
      const float value = dice.one_in(9) ? kNan : some_value(dice);
      std::memcpy(to, &value, sizeof(value));
      return value;
    }
    case ElementType::float64: {
      double value = static_cast<double>(some_value(dice));
      if (dice.one_in(3)) value *= 1 + (dice.fraction() - 0.5) * 0x1p-22;
      if (dice.one_in(20)) value = dice.one_in(2) ? 1e300 : -1e-300;
      if (dice.one_in(9)) value = std::nan("");
      std::memcpy(to, &value, sizeof(value));
      return static_cast<float>(value);
    }
    case ElementType::int8:
      return integer(std::int8_t{});
    case ElementType::uint8:
      return integer(std::uint8_t{});
    case ElementType::int16:
      return integer(std::int16_t{});
    case ElementType::uint16:
      return integer(std::uint16_t{});
    case ElementType::int32:
      return integer(std::int32_t{});
    case ElementType::uint32:
      return integer(std::uint32_t{});
    case ElementType::int64:
      return integer(std::int64_t{});
    case ElementType::uint64:
      return integer(std::uint64_t{});
  }
  return 0;
}

// A block of columns; its values go to `rows` from `first` on.
Columns some_block(Tenant& tenant, Dice& dice, ElementType element, std::uint32_t first, std::uint32_t n_columns,
                   Rows& rows) {
  const auto own = static_cast<std::int64_t>(size_of(element));
  const std::int64_t n_rows = rows.size();
  const std::int64_t inner = own + (dice.one_in(2) ? 0 : dice.number(1, 7));
  const bool by_rows = dice.one_in(2);
  std::int64_t row_stride = by_rows ? n_columns * inner + dice.number(0, 3) : inner;
  std::int64_t column_stride = by_rows ? inner : n_rows * inner + dice.number(0, 3);
  std::uint64_t offset = dice.number(0, 9);
  const auto most = [](std::int64_t n, std::int64_t stride) { return static_cast<std::uint64_t>((n - 1) * stride); };
  std::vector<std::byte> bytes(offset + most(n_rows, row_stride) + most(n_columns, column_stride) + size_of(element));
  if (dice.one_in(3)) {
    offset += most(n_rows, row_stride);
    row_stride = -row_stride;
  }
  if (dice.one_in(3)) {
    offset += most(n_columns, column_stride);
    column_stride = -column_stride;
  }
  for (std::int64_t row = 0; row < n_rows; ++row) {
    for (std::uint32_t column = 0; column < n_columns; ++column) {
      const std::int64_t at = static_cast<std::int64_t>(offset) + row * row_stride + column * column_stride;
      rows.values[static_cast<std::size_t>(row) * rows.n_features + first + column] =
          some_element(dice, element, &bytes[static_cast<std::size_t>(at)]);
    }
  }
  const BufferId buffer = dice.one_in(2) ? tenant.upload(bytes) : tenant.share(std::move(bytes), dice.one_in(2));
  return {buffer, element, offset, row_stride, column_stride, n_columns};
}

TEST(PredictRows, OfEveryTypeInAnyLayout) {
  Tenant tenant({.threads = 2});
  for (std::uint32_t seed = 0; seed < 66; ++seed) {
    SCOPED_TRACE(testing::Message() << "case " << seed);
    Dice dice(seed);
    Forest forest;
    forest.n_features = dice.number(3, 12);
    for (int tree = 0; tree < 5; ++tree) {
      forest.add_tree(some_tree(dice, forest.n_features, 101));
    }
    for (ModelNode& node : forest.nodes) {
      if (node.feature < 0) {
        node.value = some_number(dice);
      } else if (dice.one_in(3)) {  // as large as integers
        node.value = std::ldexp(node.value, static_cast<int>(dice.number(0, 64)));
      }
    }
    Rows rows{.n_features = forest.n_features};
    rows.values.resize(std::size_t{kRowCounts.at(1 + seed % (kRowCounts.size() - 1))} * forest.n_features);
    Table table{rows.size(), {}};
    for (std::uint32_t first = 0; first < forest.n_features;) {
      const std::uint32_t n_columns = dice.number(1, forest.n_features - first);
      const std::uint32_t element = first == 0 ? seed % kElementTypeCount : dice.number(0, kElementTypeCount - 1);
      table.features.push_back(some_block(tenant, dice, static_cast<ElementType>(element), first, n_columns, rows));
      first += n_columns;
    }
    const ResourceHandle model = create(tenant, forest);
    ASSERT_NO_FATAL_FAILURE(expect_predictions(forest, rows, predict(tenant, model, table)));
    EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
    for (const Columns& block : table.features) tenant.destroy(block.buffer);
  }
}

// All rows one and the same; and to an output that is not aligned.
TEST(PredictRows, ThatAreOneAndToAnyPlace) {
  Tenant tenant({.threads = 2});
  Dice dice(8);
  const Forest forest = some_forest(dice, 5, 50);
  const ResourceHandle model = create(tenant, forest);
  const Rows row = some_rows(dice, forest, 1);
  Rows rows = row;
  for (int i = 1; i < 500; ++i) rows.values.insert(rows.values.end(), row.values.begin(), row.values.end());
  Table table = table_of(share_rows(tenant, row), 500, forest.n_features);
  table.features[0].row_stride = 0;
  ASSERT_NO_FATAL_FAILURE(expect_predictions(forest, rows, predict(tenant, model, table)));
  const std::vector<float> expected = reference_outputs(forest, rows);
  const auto bytes = written<std::byte>(tenant, expected.size() * sizeof(float) + 5, [&](BufferId to) {
    return wasi_gpu::model_predict(tenant.session(), model, table, ForestPrediction::outputs, to, 3);
  });
  EXPECT_EQ(std::memcmp(bytes.data() + 3, expected.data(), expected.size() * sizeof(float)), 0);
  EXPECT_EQ(bytes[2], std::byte{});
  EXPECT_EQ(bytes.back(), std::byte{});
}

// -- calls that are told to stop
// A chain of 10^6 nodes and more that every row follows to its end.
Forest long_chain() {
  constexpr std::uint32_t kDepth = 1'000'000;
  Forest forest;
  std::vector<ModelNode> nodes;
  for (std::uint32_t depth = 0; depth < kDepth; ++depth) {
    if (depth > 0) nodes.push_back(leaf_of(1));
    nodes.push_back({0, 0, 2 * depth + 1, 2 * depth + 2, 0});
  }
  nodes.push_back(leaf_of(1));
  nodes.push_back(leaf_of(2));
  forest.add_tree(nodes);
  return forest;
}

TEST(PredictInterrupts, EndPredictionsByDeepTrees) {
  const Forest forest = long_chain();
  for (const std::uint32_t n_rows : {1U, 7U, 100'000U}) {
    Tenant tenant({.threads = 2});
    const ResourceHandle model = create(tenant, forest);
    EXPECT_EQ(predict(tenant, model, Rows{1, {-1, 1, kNan}}).outputs, (std::vector<float>{1, 2, 2}));
    const BufferId row = buffer_of(tenant, std::vector<float>{1});
    const BufferId output = tenant.share(std::vector<std::byte>(std::size_t{4} * n_rows));
    const Table table{n_rows, {{row, ElementType::float32, 0, 0, 0, 1}}};
    std::thread interrupter([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      tenant.session().interrupt().request();
    });
    const auto done = wasi_gpu::model_predict(tenant.session(), model, table, ForestPrediction::outputs, output, 0);
    interrupter.join();
    // Where it is quicker than the interrupt, it ends well: 10^11 nodes are not.
    EXPECT_TRUE(n_rows < 100'000 || !done);
    EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
    EXPECT_EQ(tenant.used(), 0U);
  }
}

}  // namespace
}  // namespace gpu_host::forest_test
