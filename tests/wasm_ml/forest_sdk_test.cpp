// The C++ bindings of wasi:gpu/forest, over the host's library.
#include "wasi_gpu/forest.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace wasi_gpu::forest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t kRows = 8;

// x = 0, 1, … 7, y = x < 4 ? 1 : 3 (or classes 0 and 1), and a constant feature.
struct Table {
  Buffer x = Buffer::from(std::array<float, kRows>{0, 1, 2, 3, 4, 5, 6, 7}).value();
  Buffer constant = Buffer::from(std::array<std::uint8_t, 1>{5}).value();
  Buffer y = Buffer::from(std::array<std::int16_t, kRows>{1, 1, 1, 1, 3, 3, 3, 3}).value();
  Buffer classes = Buffer::from(std::array<double, kRows>{0, 0, 0, 0, 1, 1, 1, 1}).value();

  [[nodiscard]] DataSetParams params() const {
    return {.n_rows = kRows,
            .features = {{.buffer = x.id(), .row_stride = sizeof(float), .n_columns = 1},
                         {.buffer = constant.id(), .element = ElementType::uint8, .n_columns = 1}},
            .targets = {.buffer = y.id(), .element = ElementType::int16, .stride = sizeof(std::int16_t)}};
  }
  [[nodiscard]] DataSetParams classification() const {
    DataSetParams with_classes = params();
    with_classes.targets = {.buffer = classes.id(), .element = ElementType::float64, .stride = sizeof(double)};
    with_classes.n_classes = 2;
    return with_classes;
  }
};

std::vector<Node> nodes_of(const Model& model) {
  std::vector<Node> nodes(model.tree_offsets().value().back());
  auto buffer = Buffer::create_for<Node>(nodes.size()).value();
  EXPECT_TRUE(model.write_nodes(0, nodes.size(), buffer));
  EXPECT_TRUE(buffer.read(nodes));
  return nodes;
}

TEST(ForestSdkTest, GrowsAForest) {
  const Table table;
  const auto data = DataSet::create(table.params());
  ASSERT_TRUE(data) << describe(data.error());
  EXPECT_THAT(data->constant_features().value(), ElementsAre(1));
  auto growth = Growth::start(*data, {.n_trees = 3, .max_features = 2});
  ASSERT_TRUE(growth) << describe(growth.error());
  EXPECT_EQ(growth->grow(2).value(), 2U);
  EXPECT_EQ(growth->grow(5).value(), 3U);
  const auto model = growth->finish();
  ASSERT_TRUE(model) << describe(model.error());
  const auto shape = model->shape().value();
  EXPECT_EQ(shape.n_trees, 3U);
  EXPECT_EQ(shape.n_features, 2U);
  EXPECT_EQ(shape.leaves, LeafKind::number);
  EXPECT_EQ(shape.n_outputs, 1U);
  EXPECT_TRUE(shape.has_weights);
  EXPECT_FALSE(shape.has_leaf_targets);
  EXPECT_EQ(shape.n_nodes, 9U);
  EXPECT_EQ(shape.n_leaves, 6U);
  EXPECT_EQ(shape.numerics, 1U);
  EXPECT_THAT(model->tree_offsets().value(), ElementsAre(0, 3, 6, 9));
  EXPECT_THAT(model->importances().value(), ElementsAre(1, 0));
  const std::vector<Node> nodes = nodes_of(*model);
  EXPECT_EQ(nodes[0].feature, 0);
  EXPECT_EQ(nodes[0].threshold, 3.5F);
  EXPECT_EQ(nodes[0].left, 1U);
  EXPECT_EQ(nodes[0].weight, 8U);
  EXPECT_TRUE(nodes[1].is_leaf() && nodes[2].is_leaf());
  EXPECT_EQ(nodes[1].threshold, 1);
  EXPECT_EQ(nodes[2].threshold, 3);
}

TEST(ForestSdkTest, ClassesAndOutOfBag) {
  const Table table;
  const auto data = DataSet::create(table.classification());
  ASSERT_TRUE(data) << describe(data.error());
  auto growth =
      Growth::start(*data, {.n_trees = 1, .max_features = 2, .max_depth = 0, .n_draws = 2, .out_of_bag = true});
  ASSERT_TRUE(growth) << describe(growth.error());
  ASSERT_TRUE(growth->grow(1));
  const auto model = growth->finish();
  ASSERT_TRUE(model) << describe(model.error());
  auto buffer = Buffer::create_for<double>(std::uint64_t{2} * kRows).value();
  ASSERT_TRUE(model->write_leaf_values(0, 1, buffer, 4));
  std::array<std::uint32_t, 3> classes{};
  ASSERT_TRUE(buffer.read(classes));
  EXPECT_EQ(classes[1] + classes[2], 2U);
  ASSERT_TRUE(model->write_out_of_bag(buffer));
  std::array<double, std::size_t{2} * kRows> shares{};
  ASSERT_TRUE(buffer.read(shares));
  EXPECT_GE(std::ranges::count_if(shares, [](double share) { return std::isnan(share); }), 2);
  EXPECT_GT(std::ranges::count(shares, classes[1] / 2.0), 0);
}

TEST(ForestSdkTest, SteersAForest) {
  const Table table;
  const auto data = DataSet::create(table.params());
  auto growth = Growth::start(*data, {.n_trees = 1, .max_features = 1, .min_samples_leaf = 2});
  ASSERT_TRUE(growth);
  const auto open = growth->open_nodes(1).value();
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(open[0].tree, 0U);
  EXPECT_EQ(open[0].node, 0U);
  EXPECT_EQ(open[0].depth, 0U);
  EXPECT_EQ(open[0].rows, 8U);
  EXPECT_EQ(open[0].weight, 8U);
  EXPECT_DOUBLE_EQ(open[0].impurity, 1);

  const auto best = growth->best_splits().value();
  ASSERT_THAT(best, SizeIs(1));
  ASSERT_TRUE(best[0]);
  EXPECT_EQ(best[0]->split.feature, 0U);
  EXPECT_EQ(best[0]->split.threshold, 3.5F);
  EXPECT_DOUBLE_EQ(best[0]->decrease, 1);
  EXPECT_EQ(best[0]->left_rows, 4U);
  EXPECT_EQ(best[0]->left_weight, 4U);

  const auto ranges = growth->value_ranges(std::array{NodeFeature{0, 0}, NodeFeature{0, 1}}).value();
  ASSERT_THAT(ranges, SizeIs(2));
  EXPECT_LE(ranges[0].low, 0.5F);
  EXPECT_GE(ranges[0].high, 6.5F);
  EXPECT_LT(ranges[0].high, 7.0F);
  EXPECT_EQ(ranges[0].missing, 0U);
  EXPECT_GT(ranges[1].low, ranges[1].high);

  const Candidate with_two{.node = 0, .split = {.feature = 0, .threshold = 1.7F}};
  const Candidate with_one{.node = 0, .split = {.feature = 0, .threshold = 0.7F}};
  const auto found = growth->evaluate(std::array{with_one, with_two}).value();
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_FALSE(found[0]);  // fewer than min_samples_leaf
  ASSERT_TRUE(found[1]);
  EXPECT_EQ(found[1]->split.threshold, 1.5F);
  EXPECT_EQ(found[1]->left_rows, 2U);
  EXPECT_NEAR(found[1]->decrease, 1.0 / 3, 1e-9);

  ASSERT_TRUE(growth->split_nodes(std::array{Decision{.node = 0, .split = with_two.split}}));
  const auto right = growth->open_nodes(1).value();  // the left child is pure
  ASSERT_THAT(right, SizeIs(1));
  EXPECT_EQ(right[0].node, 2U);
  EXPECT_EQ(right[0].rows, 6U);
  ASSERT_TRUE(growth->split_nodes(std::array{Decision{.node = 0}}));  // a leaf
  EXPECT_THAT(growth->open_nodes(1).value(), IsEmpty());
  const auto nodes = nodes_of(growth->finish().value());
  ASSERT_THAT(nodes, SizeIs(3));
  EXPECT_EQ(nodes[0].threshold, 1.5F);
  EXPECT_NEAR(nodes[2].threshold, 14.0 / 6, 1e-6);
}

TEST(ForestSdkTest, StopsAForest) {
  const Table table;
  const auto data = DataSet::create(table.params());
  auto growth = Growth::start(*data, {.n_trees = 9, .max_features = 1});
  ASSERT_TRUE(growth);
  EXPECT_THAT(growth->open_nodes(2).value(), SizeIs(testing::Ge(1U)));
  ASSERT_TRUE(growth->stop());
  EXPECT_LE(growth->finish().value().shape().value().n_trees, 2U);
}

TEST(ForestSdkTest, MovesAndIsDroppedOnce) {
  const Table table;
  auto made = DataSet::create(table.params());
  ASSERT_TRUE(made);
  DataSet data = *std::move(made);
  const Handle handle = data.handle();
  {
    const DataSet taken = std::move(data);
    EXPECT_EQ(taken.handle(), handle);
    EXPECT_TRUE(taken.constant_features());
  }
  EXPECT_EQ(host_calls::data_set_constant_features(handle).error().code, ErrorCode::invalid_params);
  DataSet other = DataSet::create(table.params()).value();
  const Handle first = other.handle();
  other = DataSet::create(table.params()).value();
  EXPECT_NE(other.handle(), first);
  EXPECT_EQ(host_calls::data_set_constant_features(first).error().code, ErrorCode::invalid_params);
}

// 3 rows: 0, 7 and a missing value; and the constant feature.
struct Rows {
  Buffer x = Buffer::from(std::array<float, 3>{0, 7, std::numeric_limits<float>::quiet_NaN()}).value();
  Buffer constant = Buffer::from(std::array<std::uint8_t, 1>{5}).value();

  [[nodiscard]] forest::Table table() const {
    return {.n_rows = 3,
            .features = {{.buffer = x.id(), .row_stride = sizeof(float), .n_columns = 1},
                         {.buffer = constant.id(), .element = ElementType::uint8, .n_columns = 1}}};
  }
};

// What a call leaves in a buffer of `size` elements.
template <class T, class Write>
std::vector<T> written(std::size_t size, const Write& write) {
  std::vector<T> values(size);
  auto buffer = Buffer::create_for<T>(size).value();
  const Result<void> done = write(buffer);
  EXPECT_TRUE(done) << describe(done.error());
  EXPECT_TRUE(buffer.read(values));
  return values;
}

std::vector<float> predictions(const Model& model, Prediction what, std::size_t size) {
  const Rows rows;
  return written<float>(size, [&](Buffer& to) { return model.predict(rows.table(), what, to); });
}

TEST(ForestSdkTest, PredictsPacksAndUnpacks) {
  const Table table;
  const auto data = DataSet::create(table.params());
  auto growth = Growth::start(*data, {.n_trees = 2, .max_features = 2, .leaf_targets = true});
  ASSERT_TRUE(growth && growth->grow(2));
  const auto model = growth->finish();
  ASSERT_TRUE(model) << describe(model.error());
  EXPECT_TRUE(model->shape().value().has_leaf_targets);
  const auto outputs = predictions(*model, Prediction::outputs, 3);
  EXPECT_EQ(outputs[0], 1);
  EXPECT_EQ(outputs[1], 3);
  const auto trees = predictions(*model, Prediction::trees, 6);
  EXPECT_EQ(trees[1], 1);
  EXPECT_EQ(trees[3], 3);
  const Rows rows;
  const auto leaves =
      written<std::uint32_t>(6, [&](Buffer& to) { return model->predict(rows.table(), Prediction::leaves, to); });
  EXPECT_NE(leaves[0], leaves[2]);
  const auto quantiles =
      written<float>(6, [&](Buffer& to) { return model->quantiles(rows.table(), std::array{0.0, 1.0}, to); });
  EXPECT_THAT(std::vector(quantiles.begin(), quantiles.begin() + 4), ElementsAre(1, 1, 3, 3));

  constexpr PackedParts kAll = PackedParts::weights | PackedParts::leaf_targets;
  const std::uint64_t size = model->packed_size(kAll).value();
  EXPECT_GT(size, model->packed_size(PackedParts::none).value());
  auto packed = Buffer::create(size + 5).value();
  ASSERT_TRUE(model->pack(kAll, packed, 5));
  const auto same = Model::unpack(packed, 5, size);
  ASSERT_TRUE(same) << describe(same.error());
  EXPECT_NE(same->handle(), model->handle());
  const auto shape = same->shape().value();
  EXPECT_TRUE(shape.has_weights && shape.has_leaf_targets);
  EXPECT_EQ(shape.n_nodes, 6U);
  EXPECT_EQ(predictions(*same, Prediction::trees, 6), trees);
}

TEST(ForestSdkTest, TakesForestsFromElsewhere) {
  // x <= 3.5 goes left, missing values right; and a tree of one leaf.
  const auto nodes_of_leaves = [](float left, float right, float alone) {
    const std::array<Node, 4> nodes{Node{.feature = 0, .threshold = 3.5F, .left = 1, .missing_child = 2},
                                    Node{.threshold = left}, Node{.threshold = right}, Node{.threshold = alone}};
    return Buffer::from(nodes).value();
  };
  const Buffer numbers = nodes_of_leaves(1, 2, 10);
  ModelParams params{.n_features = 2, .tree_offsets = {0, 3, 4}, .nodes = numbers.id()};
  const auto sum = Model::create(params);
  ASSERT_TRUE(sum) << describe(sum.error());
  EXPECT_THAT(predictions(*sum, Prediction::outputs, 3), ElementsAre(11, 12, 12));
  params.average = true;
  params.base = {100};
  EXPECT_THAT(predictions(Model::create(params).value(), Prediction::outputs, 3), ElementsAre(105.5, 106, 106));
  params.n_outputs = 2;
  params.base = {100, 200};
  params.tree_outputs = {1, 0};
  EXPECT_THAT(predictions(Model::create(params).value(), Prediction::outputs, 6),
              ElementsAre(110, 201, 110, 202, 110, 202));

  const Buffer empty = nodes_of_leaves(0, 0, 0);
  const Buffer vectors = Buffer::from(std::array<float, 7>{0, 1, 3, 2, 0, 10, 20}).value();
  const ModelParams of_vectors{.n_features = 2,
                               .leaves = LeafKind::vector,
                               .n_outputs = 2,
                               .tree_offsets = {0, 3, 4},
                               .nodes = empty.id(),
                               .leaf_values = LeafValues{.buffer = vectors.id(), .offset = sizeof(float)}};
  const auto vector_model = Model::create(of_vectors);
  ASSERT_TRUE(vector_model) << describe(vector_model.error());
  EXPECT_THAT(predictions(*vector_model, Prediction::outputs, 6), ElementsAre(11, 23, 12, 20, 12, 20));
  EXPECT_THAT(written<float>(4, [&](Buffer& to) { return vector_model->write_leaf_values(1, 2, to); }),
              ElementsAre(2, 0, 10, 20));

  const Buffer classes = Buffer::from(std::array<std::uint32_t, 6>{1, 3, 2, 0, 4, 4}).value();
  const ModelParams of_classes{.n_features = 2,
                               .leaves = LeafKind::classes,
                               .n_outputs = 2,
                               .average = true,
                               .tree_offsets = {0, 3, 4},
                               .nodes = empty.id(),
                               .leaf_values = LeafValues{.buffer = classes.id()}};
  const auto class_model = Model::create(of_classes);
  ASSERT_TRUE(class_model) << describe(class_model.error());
  EXPECT_THAT(predictions(*class_model, Prediction::outputs, 6), ElementsAre(0.375, 0.625, 0.75, 0.25, 0.75, 0.25));
}

TEST(ForestSdkTest, ErrorsAreValues) {
  const Table table;
  DataSetParams params = table.params();
  params.n_rows = kRows + 1;
  const auto refused = DataSet::create(params);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_params);
  EXPECT_THAT(refused.error().message, HasSubstr("features[0]"));
  const auto data = DataSet::create(table.params());
  EXPECT_THAT(describe(Growth::start(*data, {.n_trees = 1, .max_features = 3}).error()), HasSubstr("max-features"));
  auto growth = Growth::start(*data, {.n_trees = 1, .max_features = 1});
  EXPECT_EQ(growth->finish().error().code, ErrorCode::invalid_params);
  EXPECT_THAT(Model::create({.n_features = 1, .tree_offsets = {0, 2}}).error().message, HasSubstr("tree-offsets"));
  EXPECT_THAT(Model::unpack(table.x, 1, table.x.size()).error().message, HasSubstr("from"));
  EXPECT_EQ(growth->best_splits().error().code, ErrorCode::invalid_params);
  EXPECT_THAT(growth->open_nodes(1).value(), SizeIs(1));
  EXPECT_EQ(growth->evaluate(std::array{Candidate{.node = 1, .split = {}}}).error().code, ErrorCode::invalid_params);
  const Split infinite{.threshold = std::numeric_limits<float>::infinity()};
  EXPECT_EQ(growth->split_nodes(std::array{Decision{.node = 0, .split = infinite}}).error().code,
            ErrorCode::invalid_params);
}

}  // namespace
}  // namespace wasi_gpu::forest
