// Training through the host's kernels on the cpu backend.
#include "training.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "metrics.hpp"
#include "model_file.hpp"
#include "predictor.hpp"

namespace wasm_ml {
namespace {

TrainingSet set_of(std::vector<std::string> names, std::vector<float> features, std::vector<float> labels) {
  return {.feature_names = std::move(names),
          .target_name = "y",
          .n_rows = static_cast<std::uint32_t>(labels.size()),
          .features = std::move(features),
          .labels = std::move(labels)};
}

TrainingSet diabetes() { return load_training_set(WASM_ML_DATA_DIR "/diabetes_train.csv", "").value(); }

std::vector<float> predictions_of(const Forest& forest, const std::vector<float>& samples) {
  std::vector<float> predictions(samples.size() / forest.feature_names.size());
  EXPECT_TRUE(Predictor::create(forest).value().predict(samples, predictions));
  return predictions;
}

// Different rows of `set` in each leaf of a tree, were all of them to go through it.
std::map<std::size_t, int> rows_per_leaf(const Forest& forest, std::size_t tree, const TrainingSet& set) {
  std::map<std::size_t, int> counts;
  const auto nodes = tree_nodes(forest, tree);
  for (std::uint32_t row = 0; row < set.n_rows; ++row) {
    std::size_t node = 0;
    while (!nodes[node].is_leaf()) {
      const float x = set.features[std::size_t{row} * set.n_features() + static_cast<std::size_t>(nodes[node].feature)];
      node = x <= nodes[node].threshold ? nodes[node].left : nodes[node].right;
    }
    ++counts[node];
  }
  return counts;
}

TEST(TrainingTest, LearnsDiabetes) {
  const TrainingSet set = diabetes();
  const auto test = load_prediction_set(WASM_ML_DATA_DIR "/diabetes_test.csv", set.feature_names, set.target_name);
  ASSERT_TRUE(test) << test.error().message;
  for (const std::uint32_t seed : {42U, 1U}) {
    const auto forest = train_forest(set, {.seed = seed});
    ASSERT_TRUE(forest) << forest.error().message;
    EXPECT_EQ(forest->tree_offsets.size(), 200U);
    EXPECT_GE(evaluate(predictions_of(*forest, test->features), *test->targets).r2, 0.41) << seed;
  }
}

TEST(TrainingTest, OneSeedOneModel) {
  const TrainingSet set = diabetes();
  const ForestParams params = {.n_trees = 5, .max_features = 3};
  const std::string first = encode_model(train_forest(set, params).value());
  EXPECT_EQ(encode_model(train_forest(set, params).value()), first);
  EXPECT_NE(encode_model(train_forest(set, {.n_trees = 5, .max_features = 3, .seed = 43}).value()), first);
}

TEST(TrainingTest, ProgressCountsTrees) {
  std::vector<std::uint32_t> seen;
  const auto forest =
      train_forest(diabetes(), {.n_trees = 3, .max_depth = 2}, [&](std::uint32_t done) { seen.push_back(done); });
  ASSERT_TRUE(forest);
  EXPECT_THAT(seen, testing::ElementsAre(1, 2, 3));
}

TEST(TrainingTest, AConstantTargetIsOneLeaf) {
  const auto forest = train_forest(set_of({"a"}, {1, 2, 3, 4}, {7, 7, 7, 7}), {.n_trees = 3});
  ASSERT_TRUE(forest) << forest.error().message;
  EXPECT_EQ(forest->nodes.size(), 3U);
  EXPECT_EQ(forest->depth, 0U);
  EXPECT_THAT(predictions_of(*forest, {0, 9}), testing::ElementsAre(7, 7));
}

TEST(TrainingTest, OneRow) {
  const auto forest = train_forest(set_of({"a", "b"}, {1, 2}, {5}), {.n_trees = 2});
  ASSERT_TRUE(forest) << forest.error().message;
  EXPECT_THAT(predictions_of(*forest, {0, 0}), testing::ElementsAre(5));
}

TEST(TrainingTest, ConstantFeaturesAreOneLeaf) {
  const auto forest = train_forest(set_of({"a"}, {1, 1, 1, 1}, {1, 2, 3, 4}), {.n_trees = 4});
  ASSERT_TRUE(forest) << forest.error().message;
  EXPECT_EQ(forest->nodes.size(), 4U);
}

TEST(TrainingTest, TheDepthIsLimited) {
  const TrainingSet set = diabetes();
  for (const std::uint32_t max_depth : {1U, 3U}) {
    const auto forest = train_forest(set, {.n_trees = 4, .max_depth = max_depth});
    ASSERT_TRUE(forest);
    EXPECT_EQ(forest->depth, max_depth);
    EXPECT_LE(tree_nodes(*forest, 0).size(), (std::size_t{2} << max_depth) - 1);
  }
}

TEST(TrainingTest, LeavesHaveEnoughRows) {
  const TrainingSet set = diabetes();
  const auto forest = train_forest(set, {.n_trees = 4, .min_samples_leaf = 20});
  ASSERT_TRUE(forest);
  EXPECT_GT(forest->depth, 1U);
  for (std::size_t tree = 0; tree < 4; ++tree) {
    // The rows of the tree's own bootstrap are among all rows.
    for (const auto& [leaf, count] : rows_per_leaf(*forest, tree, set)) EXPECT_GE(count, 20) << leaf;
  }
}

TEST(TrainingTest, SmallNodesAreNotSplit) {
  const TrainingSet set = diabetes();
  const auto forest = train_forest(set, {.n_trees = 2, .min_samples_split = set.n_rows + 1});
  ASSERT_TRUE(forest);
  EXPECT_EQ(forest->nodes.size(), 2U);
}

TEST(TrainingTest, LearnsAnExclusiveOr) {
  std::vector<float> features;
  std::vector<float> labels;
  for (int copy = 0; copy < 10; ++copy) {
    for (const auto& [a, b] : {std::pair{0, 0}, {0, 1}, {1, 0}, {1, 1}}) {
      features.insert(features.end(), {static_cast<float>(a), static_cast<float>(b)});
      labels.push_back(static_cast<float>(a ^ b));
    }
  }
  const auto forest = train_forest(set_of({"a", "b"}, features, labels), {.n_trees = 10, .max_features = 1});
  ASSERT_TRUE(forest);
  EXPECT_THAT(predictions_of(*forest, {0, 0, 0, 1, 1, 0, 1, 1}), testing::ElementsAre(0, 1, 1, 0));
}

TEST(TrainingTest, GoesOnToAFeatureThatCanSplit) {
  std::vector<float> features;
  std::vector<float> labels;
  for (int row = 0; row < 20; ++row) {
    features.insert(features.end(), {1, 1, 1, static_cast<float>(row)});
    labels.push_back(static_cast<float>(row));
  }
  const auto forest = train_forest(set_of({"a", "b", "c", "d"}, features, labels), {.n_trees = 5, .max_features = 1});
  ASSERT_TRUE(forest);
  for (const TreeNode& node : forest->nodes) EXPECT_TRUE(node.is_leaf() || node.feature == 3);
  EXPECT_GT(forest->nodes.size(), 100U);
}

TEST(TrainingTest, MoreFeaturesThanThereAreIsAnError) {
  const auto forest = train_forest(set_of({"a"}, {1, 2}, {1, 2}), {.max_features = 2});
  ASSERT_FALSE(forest);
  EXPECT_EQ(forest.error().exit_code, kExitUsage);
  EXPECT_THAT(forest.error().message, testing::HasSubstr("--max-features"));
}

}  // namespace
}  // namespace wasm_ml
