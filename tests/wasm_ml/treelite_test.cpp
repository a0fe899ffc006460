#include "treelite.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <tuple>

#include "portable_forest_predictor.hpp"
#include "text.hpp"
#include "treelite_bytes.hpp"

namespace wasm_ml {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using wasi_gpu::forest::Node;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string error_of(const std::vector<std::byte>& bytes) {
  const auto forest = read_treelite(bytes);
  return forest ? "no error" : forest.error().message;
}
std::string error_of(const RawModel& model) { return error_of(model.bytes()); }

// Of a model that must be readable.
PortableForest forest_of(const RawModel& model) {
  auto forest = read_treelite(model.bytes());
  EXPECT_TRUE(forest) << forest.error().message;
  return forest ? std::move(*forest) : PortableForest();
}

std::vector<double> predict(const RawModel& model, const std::vector<float>& row) {
  const PortableForest forest = forest_of(model);
  return PortableForestPredictor(forest).predict(row);
}

auto members(const Node& node) {
  // 0 and -0 are not the same.
  return std::tuple(node.feature, std::bit_cast<std::uint32_t>(node.threshold), node.left, node.missing_child,
                    node.weight);
}
bool is_same(const Node& a, const Node& b) { return members(a) == members(b); }

void expect_same(const PortableForest& a, const PortableForest& b) {
  EXPECT_EQ(a.task, b.task);
  EXPECT_EQ(a.n_classes, b.n_classes);
  EXPECT_EQ(a.n_targets, b.n_targets);
  EXPECT_EQ(a.n_features, b.n_features);
  EXPECT_EQ(a.n_outputs, b.n_outputs);
  EXPECT_EQ(a.vector_leaves, b.vector_leaves);
  EXPECT_EQ(a.average, b.average);
  EXPECT_EQ(a.base, b.base);
  EXPECT_EQ(a.postprocessor, b.postprocessor);
  EXPECT_EQ(a.tree_offsets, b.tree_offsets);
  EXPECT_EQ(a.tree_outputs, b.tree_outputs);
  EXPECT_EQ(a.leaf_values, b.leaf_values);
  EXPECT_TRUE(std::ranges::equal(a.nodes, b.nodes, is_same));
}

// What every forest that was read must be, or predicting by it could go wrong.
void expect_sound(const PortableForest& forest) {
  ASSERT_GT(forest.n_trees(), 0U);
  ASSERT_EQ(forest.tree_offsets.back(), forest.nodes.size());
  ASSERT_EQ(forest.base.size(), forest.n_outputs);
  ASSERT_EQ(forest.tree_outputs.size(), forest.vector_leaves ? 0 : forest.n_trees());
  for (const std::uint32_t output : forest.tree_outputs) ASSERT_LT(output, forest.n_outputs);
  std::uint64_t n_leaves = 0;
  for (std::uint64_t tree = 0; tree < forest.n_trees(); ++tree) {
    const std::uint64_t n_nodes = forest.tree_offsets[tree + 1] - forest.tree_offsets[tree];
    ASSERT_GT(n_nodes, 0U);
    std::uint64_t next = 1;
    for (std::uint64_t i = 0; i < n_nodes; ++i) {
      const Node& node = forest.nodes[forest.tree_offsets[tree] + i];
      if (node.is_leaf()) {
        ++n_leaves;
        ASSERT_TRUE(std::isfinite(node.threshold));
        continue;
      }
      ASSERT_FALSE(std::isnan(node.threshold));
      ASSERT_GE(node.feature, 0);
      ASSERT_LT(static_cast<std::uint32_t>(node.feature), forest.n_features);
      ASSERT_EQ(node.left, next);
      ASSERT_LE(node.missing_child - node.left, 1U);
      next += 2;
    }
    ASSERT_EQ(next, n_nodes);
  }
  ASSERT_EQ(forest.leaf_values.size(), forest.vector_leaves ? n_leaves * forest.n_outputs : 0);
}

TEST(TreeliteTest, ReadsAStump) {
  const PortableForest forest = forest_of(RawModel::stump());
  EXPECT_EQ(forest.task, ForestTask::regression);
  EXPECT_EQ(forest.n_classes, 0U);
  EXPECT_EQ(forest.n_targets, 1U);
  EXPECT_EQ(forest.n_features, 2U);
  EXPECT_EQ(forest.n_outputs, 1U);
  EXPECT_FALSE(forest.vector_leaves);
  EXPECT_FALSE(forest.average);
  EXPECT_THAT(forest.base, ElementsAre(0));
  EXPECT_EQ(forest.postprocessor, Postprocessor());
  EXPECT_THAT(forest.tree_offsets, ElementsAre(0, 3));
  EXPECT_THAT(forest.tree_outputs, ElementsAre(0));
  ASSERT_EQ(forest.nodes.size(), 3U);
  EXPECT_TRUE(is_same(forest.nodes[0], {.feature = 0, .threshold = 0.5F, .left = 1, .missing_child = 2}));
  EXPECT_TRUE(is_same(forest.nodes[1], {.threshold = 1}));
  EXPECT_TRUE(is_same(forest.nodes[2], {.threshold = 2}));
}

TEST(TreeliteTest, VersionsOfTheFormat) {
  RawModel model = RawModel::stump();
  model.minor = 0;
  EXPECT_EQ(error_of(model), "no error");
  model.minor = 99;
  EXPECT_EQ(error_of(model), "no error");
  model.major = 3;
  model.minor = 9;
  EXPECT_EQ(error_of(model), "header (byte 0): a model of Treelite 3.9.1: versions 4.x can be read");
  model.major = 5;
  EXPECT_THAT(error_of(model), HasSubstr("Treelite 5.9.1"));
  model.major = 0x6c6d7374;
  EXPECT_EQ(error_of(model), "header (byte 0): this is no model of Treelite: it does not begin with a version");
  EXPECT_EQ(error_of(std::vector<std::byte>()), "header (byte 0): truncated: the file ends within 'major_ver'");
}

// On every f32 as the model decides in f64, or in f32.
TEST(TreeliteTest, Comparisons) {
  constexpr double kMax = std::numeric_limits<float>::max();
  constexpr double kDenormal = std::numeric_limits<float>::denorm_min();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr std::array kMagnitudes = {
      0.0,   0.1,    0.25, 1.0,  1 + 1e-12, 16777217.0, kDenormal,          kDenormal / 4,
      1e-40, 1e-320, 1e38, kMax, 1e39,      1e300,      kMax * (1 + 1e-12), kInf};
  constexpr std::array<std::int8_t, 4> kOperators = {2, 3, 4, 5};
  int n_compared = 0;
  for (const double magnitude : kMagnitudes) {
    for (const double threshold : {magnitude, -magnitude}) {
      for (const bool is_double : {true, false}) {
        const double limit = is_double ? threshold : static_cast<double>(static_cast<float>(threshold));
        for (const std::int8_t operation : kOperators) {
          for (const bool default_left : {true, false}) {
            RawModel model = RawModel::stump();
            model.is_double = is_double;
            model.trees[0].split(0, 1, threshold, 1, 2, operation, default_left);
            const PortableForest forest = forest_of(model);
            const PortableForestPredictor predictor(forest);
            EXPECT_EQ(predictor.predict(std::vector{0.0F, kNaN})[0], default_left ? 1 : 2);
            const auto near = static_cast<float>(threshold);
            for (const float x : {near, std::nextafter(near, kInfinity), std::nextafter(near, -kInfinity), -near, 0.0F,
                                  -0.0F, 1.0F, -1.0F, kInfinity, -kInfinity, std::numeric_limits<float>::max(),
                                  std::numeric_limits<float>::lowest()}) {
              const auto value = static_cast<double>(x);
              const bool is_left = operation == 2   ? value < limit
                                   : operation == 3 ? value <= limit
                                   : operation == 4 ? value > limit
                                                    : value >= limit;
              ++n_compared;
              EXPECT_EQ(predictor.predict(std::vector{0.0F, x})[0], is_left ? 1 : 2)
                  << x << (is_double ? " in f64, operator " : " in f32, operator ") << int{operation} << ' '
                  << threshold;
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(n_compared, 16 * 2 * 2 * 4 * 2 * 12);
}

TEST(TreeliteTest, ZerosAreNotNegative) {
  RawModel model = RawModel::stump();
  model.trees[0].split(0, 0, -0.0, 1, 2);
  EXPECT_FALSE(std::signbit(forest_of(model).nodes[0].threshold));
}

TEST(TreeliteTest, NodesAreNumberedByDepth) {
  RawModel model = RawModel::stump();
  model.trees[0] = RawTree(7)
                       .split(0, 0, 0, 5, 2)
                       .split(5, 1, 10, 6, 1, 4, true)  // > 10: to 6
                       .split(2, 1, 20, 4, 3)
                       .leaf(6, 6)
                       .leaf(1, 1)
                       .leaf(4, 4)
                       .leaf(3, 3);
  const PortableForest forest = forest_of(model);
  expect_sound(forest);
  const PortableForestPredictor predictor(forest);
  EXPECT_THAT(predictor.predict(std::vector{0.0F, 11.0F}), ElementsAre(6));
  EXPECT_THAT(predictor.predict(std::vector{0.0F, 10.0F}), ElementsAre(1));
  EXPECT_THAT(predictor.predict(std::vector{0.0F, kNaN}), ElementsAre(6));
  EXPECT_THAT(predictor.predict(std::vector{1.0F, 20.0F}), ElementsAre(4));
  EXPECT_THAT(predictor.predict(std::vector{kNaN, 21.0F}), ElementsAre(3));
}

TEST(TreeliteTest, TreesAddToClasses) {
  RawModel model;
  model.task = 2;
  model.n_classes = {3};
  model.targets = {0, 0, 0, 0};
  model.classes = {0, 1, 2, 1};
  model.base = {100, 200, 300};
  for (int i = 1; i <= 4; ++i) model.trees.push_back(RawTree(1).leaf(0, i));
  EXPECT_THAT(predict(model, {0, 0}), ElementsAre(101, 206, 303));
  EXPECT_EQ(forest_of(model).n_classes, 3U);
  model.average = 1;
  EXPECT_THAT(predict(model, {0, 0}), ElementsAre(101, 203, 303));
  model.postprocessor = "softmax";
  EXPECT_THAT(predict(model, {0, 0}), ElementsAre(testing::Lt(1e-80), testing::Lt(1e-40), 1));
  model.classes = {0, 1, 1, 1};
  EXPECT_THAT(error_of(model), HasSubstr("output 2 is a mean over trees, but has none"));
}

TEST(TreeliteTest, VectorLeaves) {
  RawModel model;
  model.task = 2;
  model.n_classes = {2};
  model.leaf_shape = {1, 2};
  model.targets = {-1, 0};
  model.classes = {-1, -1};
  model.average = 1;
  model.base = {0, 10};
  model.postprocessor = "identity_multiclass";
  model.trees.push_back(RawTree(3).split(0, 0, 0.5, 2, 1).leaf(1, {0.25, 0.75}).leaf(2, {1, 0}));
  model.trees.push_back(RawTree(1).leaf(0, {0, 1}));
  const PortableForest forest = forest_of(model);
  expect_sound(forest);
  EXPECT_TRUE(forest.vector_leaves);
  EXPECT_THAT(forest.leaf_values, ElementsAre(1, 0, 0.25, 0.75, 0, 1));
  EXPECT_THAT(predict(model, {0, 0}), ElementsAre(0.5, 10.5));
  EXPECT_THAT(predict(model, {1, 0}), ElementsAre(0.125, 10.875));
}

TEST(TreeliteTest, SeveralTargets) {
  RawModel model;
  model.n_classes = {1, 1};
  model.leaf_shape = {2, 1};
  model.targets = {-1};
  model.classes = {0};
  model.base = {1, 2};
  model.postprocessor = "exponential";
  model.trees.push_back(RawTree(1).leaf(0, {-1, -2}));
  EXPECT_THAT(predict(model, {0, 0}), ElementsAre(1, 1));
  EXPECT_EQ(forest_of(model).n_targets, 2U);
  expect_same(forest_of(model), *read_treelite(write_treelite(forest_of(model))));
  // By trees of their own.
  model.leaf_shape = {1, 1};
  model.targets = {1, 0};
  model.classes = {0, -1};
  model.trees = {RawTree(1).leaf(0, -2), RawTree(1).leaf(0, -1)};
  EXPECT_THAT(predict(model, {0, 0}), ElementsAre(1, 1));
  expect_same(forest_of(model), *read_treelite(write_treelite(forest_of(model))));
}

TEST(TreeliteTest, CountsOfRows) {
  RawModel model = RawModel::stump();
  RawTree& tree = model.trees[0];
  tree.counts = {4294967295, 7, 8};
  tree.has_count = {1, 1, 0};
  const PortableForest forest = forest_of(model);
  EXPECT_EQ(forest.nodes[0].weight, 4294967295);
  EXPECT_EQ(forest.nodes[1].weight, 7U);
  EXPECT_EQ(forest.nodes[2].weight, 0U);
  tree.counts[0] += 1;
  EXPECT_THAT(error_of(model), AllOf(StartsWith("tree 0, node 0 (byte "),
                                     HasSubstr("'data_count' is 4294967296: at most 2^32 - 1 can be read")));
  tree.counts = {1};
  EXPECT_THAT(error_of(model), HasSubstr("'data_count' has 1 elements instead of 3 or none"));
}

TEST(TreeliteTest, FieldsOfLaterVersionsAreSkipped) {
  RawModel model = RawModel::stump();
  const PortableForest expected = forest_of(model);
  model.n_optional_fields = 2;
  model.trees[0].n_optional_fields = 1;
  model.trees[0].n_optional_node_fields = 3;
  expect_same(forest_of(model), expected);
  // Sizes whose product is 0 in 64 bits.
  std::vector<std::byte> bytes = model.bytes();
  const std::string_view name = "later";
  const auto at = std::ranges::search(bytes, std::as_bytes(std::span(name))).begin() + std::ssize(name);
  const std::array<std::uint64_t, 2> sizes = {std::uint64_t{1} << 33, std::uint64_t{1} << 31};
  std::ranges::copy(std::as_bytes(std::span(sizes)), at);
  EXPECT_THAT(error_of(bytes), HasSubstr("an optional field has 2147483648 elements of 8589934592 bytes"));
  model.trees[0].n_optional_fields = -1;
  EXPECT_THAT(error_of(model), HasSubstr("'num_opt_field_per_tree' is -1"));
}

TEST(TreeliteTest, WhatIsNotSupportedIsNamed) {
  RawModel model = RawModel::stump();
  model.trees.push_back(RawTree(3).split(0, 1, 0, 1, 2));
  model.targets = model.classes = {0, 0};
  model.trees[1].types[0] = 2;
  EXPECT_THAT(error_of(model), AllOf(StartsWith("tree 1, node 0 (byte "),
                                     HasSubstr("a categorical split, of feature 1: such splits cannot be read")));
  model.trees[1].types[0] = 1;
  model.trees[1].operators[0] = 1;
  EXPECT_THAT(error_of(model), HasSubstr("'cmp' is 1: only <, <=, > and >= (2 to 5) can be read"));

  model = RawModel::stump();
  model.n_classes = {2, 3};
  EXPECT_THAT(error_of(model), HasSubstr("several targets with several classes each"));

  model = RawModel::stump();
  model.postprocessor = "max_index\n";
  EXPECT_THAT(error_of(model), HasSubstr("'postprocessor' is 'max_index\\x0a', which is not known"));
  model.postprocessor = "sigmoid";
  EXPECT_EQ(error_of(model), "no error");
  model.n_classes = {2};
  model.base = {0, 0};
  EXPECT_THAT(error_of(model), HasSubstr("'postprocessor' 'sigmoid' is not one for several classes"));
  model.n_classes = {1, 1};
  model.postprocessor = "softmax";
  EXPECT_THAT(error_of(model), HasSubstr("'postprocessor' 'softmax' is not one for several targets"));
}

TEST(TreeliteTest, WrongHeadersAreNamed) {
  const auto error_after = [](auto change) {
    RawModel model = RawModel::stump();
    change(model);
    return error_of(model);
  };
  EXPECT_THAT(error_after([](RawModel& m) { m.n_features = 0; }), HasSubstr("header (byte 22): 'num_feature' is 0"));
  EXPECT_THAT(error_after([](RawModel& m) { m.task = 5; }), HasSubstr("header (byte 26): 'task_type' is 5"));
  EXPECT_THAT(error_after([](RawModel& m) { m.average = 2; }), HasSubstr("'average_tree_output' is 2"));
  EXPECT_THAT(error_after([](RawModel& m) { m.trees.clear(); }), HasSubstr("header (byte 14): there is no tree"));
  EXPECT_THAT(error_after([](RawModel& m) { m.n_classes = {0}; }), HasSubstr("an element of 'num_class' is 0"));
  EXPECT_THAT(error_after([](RawModel& m) { m.n_classes = {}; }), HasSubstr("'num_target' is 0"));
  EXPECT_THAT(error_after([](RawModel& m) { m.leaf_shape = {1, 3}; }), HasSubstr("'leaf_vector_shape' is 1 x 3"));
  EXPECT_THAT(error_after([](RawModel& m) { m.leaf_shape = {1}; }),
              HasSubstr("'leaf_vector_shape' has 1 elements instead of 2"));
  EXPECT_THAT(error_after([](RawModel& m) { m.targets = {1}; }),
              HasSubstr("'target_id' of tree 0 is 1, but there is only one"));
  EXPECT_THAT(error_after([](RawModel& m) { m.classes = {1}; }),
              HasSubstr("'class_id' of tree 0 is 1: that does not fit its leaves, with 1 of 1 outputs"));
  EXPECT_THAT(error_after([](RawModel& m) { m.classes = {0, 0}; }),
              HasSubstr("'class_id' has 2 elements instead of 1"));
  EXPECT_THAT(error_after([](RawModel& m) { m.base = {0, 0}; }), HasSubstr("'base_scores' has 2 elements"));
  EXPECT_THAT(error_after([](RawModel& m) { m.base = {std::nan("")}; }),
              HasSubstr("an element of 'base_scores' is not finite"));
  EXPECT_THAT(error_after([](RawModel& m) {
                m.postprocessor = "sigmoid";
                m.sigmoid_alpha = kNaN;
              }),
              HasSubstr("'sigmoid_alpha' is not finite"));
  EXPECT_THAT(error_after([](RawModel& m) {
                m.postprocessor = "exponential_standard_ratio";
                m.ratio_c = 0;
              }),
              HasSubstr("'ratio_c' is 0 or not finite"));
  // Outputs without number, of which the file has none.
  EXPECT_THAT(error_after([](RawModel& m) {
                m.n_classes = {2147483647};
                m.average = 1;
              }),
              HasSubstr("'base_scores' has 1 elements instead of 2147483647"));
  std::vector<std::byte> bytes = RawModel::stump().bytes();
  bytes[13] = std::byte{2};
  EXPECT_THAT(error_of(bytes), HasSubstr("header (byte 12): thresholds of type 3 and leaf values of type 2"));
}

TEST(TreeliteTest, WrongTreesAreNamed) {
  const auto error_after = [](auto change) {
    RawModel model = RawModel::stump();
    change(model.trees[0]);
    return error_of(model);
  };
  EXPECT_THAT(error_after([](RawTree& t) { t.n_nodes = 0; }), HasSubstr("'num_nodes' is 0"));
  EXPECT_THAT(error_after([](RawTree& t) { t.n_nodes = 4; }), HasSubstr("'node_type' has 3 elements instead of 4"));
  EXPECT_THAT(error_after([](RawTree& t) { t.lefts[0] = 3; }),
              AllOf(StartsWith("tree 0, node 0 (byte "), HasSubstr("'cleft' is 3, but the tree has 3 nodes")));
  EXPECT_THAT(error_after([](RawTree& t) { t.rights[0] = -1; }), HasSubstr("'cright' is -1"));
  EXPECT_THAT(error_after([](RawTree& t) { t.rights[0] = 0; }), HasSubstr("'cright' is 0, which is the root"));
  EXPECT_THAT(error_after([](RawTree& t) { t.rights[0] = 1; }), HasSubstr("or another child already"));
  EXPECT_THAT(error_after([](RawTree& t) { t.lefts[0] = t.rights[0] = -1; }), HasSubstr("it is not a leaf"));
  EXPECT_THAT(error_after([](RawTree& t) { t.types[1] = 1; }), HasSubstr("it is not a leaf"));
  EXPECT_THAT(error_after([](RawTree& t) { t.types[0] = 0; }), HasSubstr("'node_type' is 0, but it has children"));
  EXPECT_THAT(error_after([](RawTree& t) { t.features[0] = 2; }),
              HasSubstr("'split_index' is 2, but there are 2 features"));
  EXPECT_THAT(error_after([](RawTree& t) { t.features[0] = -1; }), HasSubstr("'split_index' is -1"));
  EXPECT_THAT(error_after([](RawTree& t) { t.default_lefts[0] = 2; }), HasSubstr("'default_left' is 2"));
  EXPECT_THAT(error_after([](RawTree& t) { t.thresholds[0] = std::nan(""); }), HasSubstr("'threshold' is NaN"));
  EXPECT_THAT(error_after([](RawTree& t) { t.leaf_values[2] = 1e39; }),
              AllOf(StartsWith("tree 0, node 2 (byte "), HasSubstr("a leaf value is 1e+39")));
  EXPECT_THAT(error_after([](RawTree& t) { t.leaf(1, {1, 2}); }),
              HasSubstr("its leaf vector is from 0 to 2: it must have 1 numbers, of 2 in 'leaf_vector'"));
  EXPECT_THAT(error_after([](RawTree& t) { t.vector_ends[1] = 1; }), HasSubstr("of 0 in 'leaf_vector'"));
  EXPECT_THAT(error_after([](RawTree& t) {
                const RawTree two = RawTree(5).split(0, 0, 0, 1, 2).split(3, 0, 0, 4, 3);
                t = two;
              }),
              AllOf(StartsWith("tree 0 (byte "), HasSubstr("node 3 is no node's child")));

  RawModel model = RawModel::stump();
  model.n_classes = {2};
  model.leaf_shape = {1, 2};
  model.classes = {-1};
  model.base = {0, 0};
  model.trees[0].leaf(1, {1, 2});
  EXPECT_THAT(error_of(model), HasSubstr("tree 0, node 2 (byte "));
  model.trees[0].vector_ends[2] = 2;
  EXPECT_THAT(error_of(model), HasSubstr("leaves share their vectors"));
}

// A file with much of what there can be.
RawModel rich_model() {
  RawModel model;
  model.task = 2;
  model.n_features = 3;
  model.n_classes = {2};
  model.leaf_shape = {1, 2};
  model.targets = {-1, -1};
  model.classes = {-1, -1};
  model.average = 1;
  model.base = {0.5, -0.5};
  model.postprocessor = "softmax";
  model.attributes = R"({"a": 1})";
  model.n_optional_fields = 1;
  RawTree tree(5);
  tree.split(0, 2, -1.5, 1, 2, 2, true).split(2, 1, 7, 4, 3, 4).leaf(1, {1, 0}).leaf(3, {0.5, 0.25}).leaf(4, {0, 1});
  tree.counts = {10, 4, 6, 1, 5};
  tree.has_count = {1, 1, 1, 1, 1};
  tree.hessians = {1, 2, 3, 4, 5};
  tree.has_hessian = {1, 1, 1, 1, 1};
  tree.gains = {1, 2, 3, 4, 5};
  tree.has_gain = {1, 0, 1, 0, 0};
  tree.n_optional_node_fields = 1;
  model.trees = {tree, RawTree(1).leaf(0, {1, 1})};
  return model;
}

TEST(TreeliteTest, EveryTruncationIsAnError) {
  for (const bool is_double : {true, false}) {
    RawModel model = rich_model();
    model.is_double = is_double;
    const std::vector<std::byte> bytes = model.bytes();
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      // A copy of just this size, so that a sanitizer sees reads past it.
      const std::vector<std::byte> part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
      const std::string error = error_of(part);
      EXPECT_TRUE(error.contains("the file ends within") || error.contains("more than the rest of the file holds"))
          << length << ": " << error;
    }
    std::vector<std::byte> longer = bytes;
    longer.emplace_back();
    EXPECT_THAT(error_of(longer), HasSubstr("the file goes on after the last tree"));
  }
}

TEST(TreeliteTest, FlippedBitsAreErrorsOrSoundForests) {
  std::mt19937 random(7);
  int n_read = 0;
  for (const bool is_double : {true, false}) {
    RawModel model = rich_model();
    model.is_double = is_double;
    const std::vector<std::byte> bytes = model.bytes();
    for (int i = 0; i < 20000; ++i) {
      std::vector<std::byte> flipped = bytes;
      for (auto n = 1 + random() % 3; n > 0; --n) {
        flipped[random() % flipped.size()] ^= std::byte{1} << (random() % 8);
      }
      const auto forest = read_treelite(flipped);
      if (!forest) continue;
      ++n_read;
      expect_sound(*forest);
      if (HasFatalFailure()) return;
      if (forest->n_features > 1000000) continue;
      const std::vector<float> row(forest->n_features, 1.0F);
      EXPECT_EQ(PortableForestPredictor(*forest).predict(row).size(), forest->n_outputs);
    }
  }
  EXPECT_GT(n_read, 100);
}

TEST(TreeliteTest, AbsurdLengthsAreErrors) {
  const TreeliteBytes file = rich_model().file();
  for (const std::size_t offset : file.length_offsets()) {
    for (const std::uint64_t length :
         {std::uint64_t{1} << 29, std::uint64_t{1} << 32, std::uint64_t{1} << 61, (std::uint64_t{1} << 61) + 1,
          ~std::uint64_t{0}, std::uint64_t{0x20000000'00000005}}) {
      std::vector<std::byte> bytes = file.bytes();
      std::memcpy(bytes.data() + offset, &length, sizeof(length));
      EXPECT_THAT(error_of(bytes), HasSubstr(format("has %llu elements", static_cast<unsigned long long>(length))));
    }
  }
  std::vector<std::byte> bytes = file.bytes();
  const std::uint64_t n_trees = ~std::uint64_t{0};
  std::memcpy(bytes.data() + 14, &n_trees, sizeof(n_trees));
  EXPECT_THAT(error_of(bytes), HasSubstr("'target_id' has 2 elements instead of 18446744073709551615"));
}

// Each left child splits again.
RawTree chain(std::size_t depth) {
  RawTree tree(2 * depth + 1);
  for (std::size_t node = 0; node < 2 * depth; node += 2) {
    const auto number = static_cast<std::int32_t>(node);
    tree.split(node, 0, -static_cast<double>(number), number + 2, number + 1);
  }
  return tree;
}

TEST(TreeliteTest, AMillionDeep) {
  RawModel model = RawModel::stump();
  model.trees[0] = chain(1000000);
  model.trees[0].leaf(2000000, 5);
  const PortableForest forest = forest_of(model);
  expect_sound(forest);
  EXPECT_THAT(PortableForestPredictor(forest).predict(std::vector{-2e6F, 0.0F}), ElementsAre(5));
  // The last one leads back.
  model.trees[0].lefts[1999998] = 1000;
  EXPECT_THAT(error_of(model), HasSubstr("tree 0, node 1999998"));
}

PortableForest random_forest(std::mt19937& random) {
  const auto below = [&](std::uint32_t limit) { return static_cast<std::uint32_t>(random() % limit); };
  const auto number = [&] { return static_cast<float>(static_cast<std::int32_t>(random())) / 65536.0F; };
  PortableForest forest;
  forest.n_features = 1 + below(4);
  forest.n_outputs = 1 + below(3);
  forest.vector_leaves = forest.n_outputs > 1 && below(2) == 0;
  if (forest.n_outputs > 1 && below(2) == 0) {
    forest.n_targets = forest.n_outputs;
  } else {
    constexpr std::array kTasks = {ForestTask::binary, ForestTask::regression, ForestTask::ranking};
    forest.task = forest.n_outputs > 1 ? ForestTask::multiclass : kTasks[below(3)];
    if (forest.n_outputs > 1) forest.n_classes = forest.n_outputs;
    if (forest.task == ForestTask::binary) forest.n_classes = 2;
  }
  forest.average = below(2) == 0;
  constexpr std::array kKinds = {PostprocessorKind::identity, PostprocessorKind::sigmoid};
  forest.postprocessor = {.kind = kKinds[below(2)], .sigmoid_alpha = 2, .ratio_c = 3};
  for (std::uint32_t i = 0; i < forest.n_outputs; ++i) forest.base.push_back(static_cast<double>(number()));
  forest.tree_offsets.push_back(0);
  const std::uint32_t n_trees = forest.n_outputs + below(3);
  for (std::uint32_t tree = 0; tree < n_trees; ++tree) {
    if (!forest.vector_leaves) forest.tree_outputs.push_back(tree % forest.n_outputs);
    const bool has_weights = below(2) == 0;
    std::uint32_t n_nodes = 1;
    for (std::uint32_t i = 0; i < n_nodes; ++i) {
      const std::uint32_t weight = has_weights ? 1 + below(100) : 0;
      if (n_nodes < 40 && below(3) != 0) {
        forest.nodes.push_back({.feature = static_cast<std::int32_t>(below(forest.n_features)),
                                .threshold = number(),
                                .left = n_nodes,
                                .missing_child = n_nodes + below(2),
                                .weight = weight});
        n_nodes += 2;
        continue;
      }
      forest.nodes.push_back({.threshold = forest.vector_leaves ? 0 : number(), .weight = weight});
      if (!forest.vector_leaves) continue;
      for (std::uint32_t k = 0; k < forest.n_outputs; ++k) forest.leaf_values.push_back(number());
    }
    forest.tree_offsets.push_back(forest.nodes.size());
  }
  return forest;
}

TEST(TreeliteTest, WhatIsWrittenIsReadTheSame) {
  std::mt19937 random(11);
  for (int i = 0; i < 300; ++i) {
    const PortableForest forest = random_forest(random);
    const auto again = read_treelite(write_treelite(forest));
    ASSERT_TRUE(again) << again.error().message;
    expect_same(*again, forest);
    if (HasFailure()) return;
  }
}

TEST(TreeliteTest, WritesForestsWithoutBaseAndOutputs) {
  PortableForest forest = forest_of(RawModel::stump());
  forest.base.clear();
  forest.tree_outputs.clear();
  expect_same(*read_treelite(write_treelite(forest)), forest_of(RawModel::stump()));
}

}  // namespace
}  // namespace wasm_ml
