// Training as both ways do it: by the host's engine, and through the 0.1.0 kernels, on the cpu backend.
#include "training.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "metrics.hpp"
#include "model_file.hpp"
#include "native/native_host.hpp"
#include "packed_trees.hpp"
#include "predictor.hpp"
#include "training_sets.hpp"

namespace wasm_ml {
namespace {

std::vector<float> predictions_of(const Forest& forest, const std::vector<float>& samples) {
  std::vector<float> predictions(samples.size() / forest.feature_names.size());
  EXPECT_TRUE(KernelPredictor::create(forest).value().predict(samples, predictions));
  return predictions;
}

// Different rows of `set` in each leaf of a tree, were all of them to go through it.
std::map<std::size_t, int> rows_per_leaf(const Forest& forest, std::size_t tree, const TrainingSet& set) {
  std::map<std::size_t, int> counts;
  const auto nodes = tree_nodes(forest, tree);
  for (std::uint32_t row = 0; row < set.n_rows; ++row) {
    std::size_t node = 0;
    while (!nodes[node].is_leaf()) {
      const float x = set.value(row, static_cast<std::uint32_t>(nodes[node].feature));
      node = x <= nodes[node].threshold ? nodes[node].left : nodes[node].right;
    }
    ++counts[node];
  }
  return counts;
}

class TrainingTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { wasi_gpu::native::refuse_forests(std::string_view(GetParam()) == "Kernels"); }
  void TearDown() override { wasi_gpu::native::refuse_forests(false); }

  static Result<Model> model_of(const TrainingSet& set, const ForestParams& params) {
    auto trained = train_forest(set, params);
    if (!trained) return std::unexpected(trained.error());
    const ModelInfo& info = trained->model.info;
    EXPECT_EQ(info.importances.size(), std::string_view(GetParam()) == "Kernels" ? 0U : set.n_features());
    EXPECT_EQ(info.task, ModelTask::regression);
    EXPECT_EQ(info.origin, "wasm_ml");
    EXPECT_EQ(info.target_name, set.target_name);
    EXPECT_EQ(info.features, set.feature_types);
    EXPECT_EQ(info.params, params);
    EXPECT_EQ(info.n_train_rows, set.n_rows);
    return std::move(trained->model);
  }

  static Result<Forest> forest_of(const TrainingSet& set, const ForestParams& params) {
    const auto model = model_of(set, params);
    if (!model) return std::unexpected(model.error());
    auto forest = unpack_trees(model->packed);
    EXPECT_TRUE(forest) << forest.error().message;
    EXPECT_EQ(forest->depth, check_structure(*forest).value());
    return forest;
  }
};

INSTANTIATE_TEST_SUITE_P(Ways, TrainingTest, testing::Values("Engine", "Kernels"),
                         [](const auto& way) { return way.param; });

TEST_P(TrainingTest, LearnsDiabetes) {
  const TrainingSet set = diabetes();
  const auto test = load_prediction_set(WASM_ML_DATA_DIR "/diabetes_test.csv",
                                        {.features = set.feature_types, .target_name = set.target_name});
  ASSERT_TRUE(test) << test.error().message;
  for (const std::uint32_t seed : {42U, 1U}) {
    const auto forest = forest_of(set, {.seed = seed});
    ASSERT_TRUE(forest) << forest.error().message;
    EXPECT_EQ(forest->tree_offsets.size(), 200U);
    EXPECT_GE(evaluate(predictions_of(*forest, test->features), *test->targets).r2, 0.41) << seed;
  }
}

TEST_P(TrainingTest, OneSeedOneModel) {
  const TrainingSet set = diabetes();
  const ForestParams params = {.n_trees = 5, .max_features = 3};
  const std::string first = encode_model(model_of(set, params).value());
  EXPECT_EQ(encode_model(model_of(set, params).value()), first);
  EXPECT_NE(model_of(set, {.n_trees = 5, .max_features = 3, .seed = 43}).value().packed,
            model_of(set, params).value().packed);
}

TEST_P(TrainingTest, ThePredictorSaysTheSameAsTheTrees) {
  const TrainingSet set = diabetes();
  const Model model = model_of(set, {.n_trees = 20}).value();
  auto file = ModelFile::open(ByteSource::of_bytes("m", encode_model(model)));
  ASSERT_TRUE(file) << file.error().message;
  std::vector<float> predictions(set.n_rows);
  ASSERT_TRUE(Predictor::create(*file).value().predict(set.features, predictions));
  EXPECT_EQ(predictions, predictions_of(unpack_trees(model.packed).value(), set.features));
}

TEST_P(TrainingTest, TellsOfItsTrees) {
  const auto trained = train_forest(diabetes(), {.n_trees = 3, .max_depth = 2});
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_EQ(trained->trees.n_trees, 3U);
  EXPECT_EQ(trained->trees.n_nodes, 21U);
  EXPECT_EQ(trained->trees.depth, 2U);
  EXPECT_EQ(trained->trees.n_features, 10U);
  EXPECT_EQ(trained->trees.n_outputs, 1U);
  EXPECT_EQ(trained->trees.bytes, trained->model.packed.size());
}

TEST_P(TrainingTest, ProgressEndsWithAllTrees) {
  std::vector<std::uint32_t> seen;
  const auto progress = [&](std::uint32_t done) { seen.push_back(done); };
  ASSERT_TRUE(train_forest(diabetes(), {.n_trees = 7, .max_depth = 2}, {.progress = progress}));
  EXPECT_GT(seen.size(), 1U);
  EXPECT_TRUE(std::ranges::is_sorted(seen, std::less_equal()));
  EXPECT_EQ(seen.back(), 7U);
}

TEST_P(TrainingTest, AConstantTargetIsOneLeaf) {
  const auto forest = forest_of(set_of({"a"}, {1, 7, 2, 7, 3, 7, 4, 7}), {.n_trees = 3});
  ASSERT_TRUE(forest) << forest.error().message;
  EXPECT_EQ(forest->nodes.size(), 3U);
  EXPECT_EQ(forest->depth, 0U);
  EXPECT_THAT(predictions_of(*forest, {0, 9}), testing::ElementsAre(7, 7));
}

TEST_P(TrainingTest, OneRow) {
  const auto forest = forest_of(set_of({"a", "b"}, {1, 2, 5}), {.n_trees = 2});
  ASSERT_TRUE(forest) << forest.error().message;
  EXPECT_THAT(predictions_of(*forest, {0, 0}), testing::ElementsAre(5));
}

TEST_P(TrainingTest, ConstantFeaturesAreOneLeaf) {
  const auto forest = forest_of(set_of({"a"}, {1, 1, 1, 2, 1, 3, 1, 4}), {.n_trees = 4});
  ASSERT_TRUE(forest) << forest.error().message;
  EXPECT_EQ(forest->nodes.size(), 4U);
}

TEST_P(TrainingTest, TheDepthIsLimited) {
  const TrainingSet set = diabetes();
  for (const std::uint32_t max_depth : {1U, 3U}) {
    const auto forest = forest_of(set, {.n_trees = 4, .max_depth = max_depth});
    ASSERT_TRUE(forest);
    EXPECT_EQ(forest->depth, max_depth);
    EXPECT_LE(tree_nodes(*forest, 0).size(), (std::size_t{2} << max_depth) - 1);
  }
}

TEST_P(TrainingTest, WithoutADepthLeavesArePure) {
  const TrainingSet set = diabetes();
  const auto forest = forest_of(set, {.n_trees = 2, .max_depth = 0});
  ASSERT_TRUE(forest);
  EXPECT_GT(forest->depth, 10U);
  EXPECT_GT(forest->nodes.size(), forest_of(set, {.n_trees = 2, .max_depth = 10}).value().nodes.size());
}

TEST_P(TrainingTest, LeavesHaveEnoughRows) {
  const TrainingSet set = diabetes();
  const auto forest = forest_of(set, {.n_trees = 4, .min_samples_leaf = 20});
  ASSERT_TRUE(forest);
  EXPECT_GT(forest->depth, 1U);
  for (std::size_t tree = 0; tree < 4; ++tree) {
    // The rows of the tree's own bootstrap are among all rows.
    for (const auto& [leaf, count] : rows_per_leaf(*forest, tree, set)) EXPECT_GE(count, 20) << leaf;
  }
}

TEST_P(TrainingTest, SmallNodesAreNotSplit) {
  const TrainingSet set = diabetes();
  const auto forest = forest_of(set, {.n_trees = 2, .min_samples_split = set.n_rows + 1});
  ASSERT_TRUE(forest);
  EXPECT_EQ(forest->nodes.size(), 2U);
}

TEST_P(TrainingTest, LearnsAnExclusiveOr) {
  std::vector<float> table;
  for (int copy = 0; copy < 10; ++copy) {
    for (const auto& [a, b] : {std::pair{0, 0}, {0, 1}, {1, 0}, {1, 1}}) {
      table.insert(table.end(), {static_cast<float>(a), static_cast<float>(b), static_cast<float>(a ^ b)});
    }
  }
  const auto forest = forest_of(set_of({"a", "b"}, table), {.n_trees = 10, .max_features = 1});
  ASSERT_TRUE(forest);
  EXPECT_THAT(predictions_of(*forest, {0, 0, 0, 1, 1, 0, 1, 1}), testing::ElementsAre(0, 1, 1, 0));
}

TEST_P(TrainingTest, GoesOnToAFeatureThatCanSplit) {
  std::vector<float> table;
  for (int row = 0; row < 20; ++row) {
    table.insert(table.end(), {1, 1, 1, static_cast<float>(row), static_cast<float>(row)});
  }
  const auto forest = forest_of(set_of({"a", "b", "c", "d"}, table), {.n_trees = 5, .max_features = 1});
  ASSERT_TRUE(forest);
  for (const TreeNode& node : forest->nodes) EXPECT_TRUE(node.is_leaf() || node.feature == 3);
  EXPECT_GT(forest->nodes.size(), 100U);
}

TEST_P(TrainingTest, MoreFeaturesThanThereAreIsAnError) {
  const auto forest = forest_of(set_of({"a"}, {1, 1, 2, 2}), {.max_features = 2});
  ASSERT_FALSE(forest);
  EXPECT_EQ(forest.error().exit_code, kExitUsage);
  EXPECT_THAT(forest.error().message, testing::HasSubstr("--max-features"));
}

}  // namespace
}  // namespace wasm_ml
