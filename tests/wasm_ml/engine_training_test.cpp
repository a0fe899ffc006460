#include "engine_training.hpp"

#include <gmock/gmock.h>

#include <numeric>

#include "native/native_host.hpp"
#include "training_sets.hpp"

namespace wasm_ml {
namespace {

using testing::DoubleNear;

constexpr std::uint64_t kMostCalls = 19;  // and one for the device's name

std::uint64_t calls_of(const TrainingSet& set, const ForestParams& params, const TrainingHooks& hooks) {
  const std::uint64_t before = wasi_gpu::native::call_count();
  EXPECT_TRUE(train_forest(set, params, hooks));
  return wasi_gpu::native::call_count() - before;
}

TEST(EngineTrainingTest, AForestTakesFewHostCallsWhateverItsSize) {
  const TrainingHooks watched{.progress = [](std::uint32_t) {}};
  const TrainingSet set = diabetes();
  for (const std::uint32_t n_trees : {1U, 4U, 5U, 7U, 333U}) {
    for (const bool oob_score : {false, true}) {
      EXPECT_LE(calls_of(set, {.n_trees = n_trees, .max_depth = 0, .oob_score = oob_score}, watched), kMostCalls);
    }
  }
  EXPECT_LT(calls_of(set, {}, {}), calls_of(set, {}, watched));
}

TEST(EngineTrainingTest, NeedsNoNote) {
  const TrainingHooks hooks{.note = [](const std::string& text) { ADD_FAILURE() << text; }};
  EXPECT_TRUE(train_forest(diabetes(), {.n_trees = 2}, hooks));
}

TEST(EngineTrainingTest, StepsDoNotChangeTheForest) {
  const auto forest = [](const TrainingHooks& hooks) {
    return train_forest(diabetes(), {.n_trees = 9, .max_features = 3}, hooks).value().forest;
  };
  const Forest watched = forest({.progress = [](std::uint32_t) {}});
  const Forest unwatched = forest({});
  EXPECT_EQ(watched.tree_offsets, unwatched.tree_offsets);
  EXPECT_TRUE(std::ranges::equal(std::as_bytes(std::span(watched.nodes)), std::as_bytes(std::span(unwatched.nodes))));
}

TEST(EngineTrainingTest, ImportancesAreSharesOfOne) {
  const auto trained = train_forest(diabetes(), {.n_trees = 50});
  ASSERT_TRUE(trained);
  EXPECT_EQ(trained->importances.size(), 10U);
  EXPECT_THAT(std::accumulate(trained->importances.begin(), trained->importances.end(), 0.0), DoubleNear(1, 1e-9));
  EXPECT_GT(trained->importances[2], 0.15);  // bmi, with s5 what scikit-learn finds too
  EXPECT_GT(trained->importances[8], 0.15);
}

TEST(EngineTrainingTest, OutOfBag) {
  const auto trained = train_forest(diabetes(), {.oob_score = true});
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_EQ(trained->n_out_of_bag, 353U);
  ASSERT_TRUE(trained->out_of_bag);
  EXPECT_GT(trained->out_of_bag->r2, 0.35);  // scikit-learn: about 0.42
  EXPECT_LT(trained->out_of_bag->r2, 0.5);
  EXPECT_FALSE(train_forest(diabetes(), {.n_trees = 1}).value().out_of_bag);
}

TEST(EngineTrainingTest, OutOfBagOfRowsThatSomeTreeLeftOut) {
  const auto trained = train_forest(diabetes(), {.n_trees = 1, .oob_score = true});
  ASSERT_TRUE(trained);
  EXPECT_GT(trained->n_out_of_bag, 100U);  // 353 / e
  EXPECT_LT(trained->n_out_of_bag, 160U);
  const auto all_drawn = train_forest(set_of({"a"}, {1, 1}), {.n_trees = 2, .oob_score = true});
  ASSERT_TRUE(all_drawn);
  EXPECT_EQ(all_drawn->n_out_of_bag, 0U);
  EXPECT_FALSE(all_drawn->out_of_bag);
}

TEST(EngineTrainingTest, WithoutBootstrapADeepTreeKnowsEachRow) {
  const TrainingSet set = diabetes();
  const auto forest = train_forest(set, {.n_trees = 1, .max_depth = 0, .bootstrap = false}).value().forest;
  for (std::uint32_t row = 0; row < set.n_rows; ++row) {
    std::size_t node = 0;
    while (!forest.nodes[node].is_leaf()) {
      const TreeNode& split = forest.nodes[node];
      node = set.value(row, static_cast<std::uint32_t>(split.feature)) <= split.threshold ? split.left : split.right;
    }
    EXPECT_EQ(forest.nodes[node].threshold, set.label(row)) << row;
  }
}

TEST(EngineTrainingTest, OptionsMakeSmallerTrees) {
  const TrainingSet set = diabetes();
  const auto n_nodes = [&](const ForestParams& params) {
    return train_forest(set, params).value().forest.nodes.size();
  };
  const std::size_t all = n_nodes({.n_trees = 5});
  EXPECT_LT(n_nodes({.n_trees = 5, .max_samples = 50}), all / 2);
  EXPECT_LT(n_nodes({.n_trees = 5, .min_impurity_decrease = 50}), all / 2);
  EXPECT_EQ(n_nodes({.n_trees = 5, .min_impurity_decrease = 1e9}), 5U);
}

TEST(EngineTrainingTest, BinsBoundTheThresholds) {
  std::vector<float> table;
  for (int row = 0; row < 1000; ++row) {
    const auto x = static_cast<float>(row);
    table.insert(table.end(), {x, x});
  }
  const TrainingSet set = set_of({"a"}, table);
  const auto n_leaves = [&](std::uint32_t max_bins) {
    const ForestParams params{.n_trees = 1, .max_depth = 0, .bootstrap = false, .max_bins = max_bins};
    return train_forest(set, params).value().forest.nodes.size() / 2 + 1;
  };
  EXPECT_EQ(n_leaves(255), 1000U);
  EXPECT_EQ(n_leaves(2), 2U * 256);  // fine bins in each
}

TEST(EngineTrainingTest, LargeTargetsAreNoTrouble) {
  const auto trained =
      train_forest(set_of({"a"}, {1, -3e38F, 2, 3e38F}), {.n_trees = 1, .max_depth = 0, .bootstrap = false});
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_THAT(trained->forest.nodes, testing::SizeIs(3));
  EXPECT_FLOAT_EQ(trained->forest.nodes[1].threshold, -3e38F);
  EXPECT_FLOAT_EQ(trained->forest.nodes[2].threshold, 3e38F);
}

TEST(EngineTrainingTest, ErrorsOfTheHostSayWhatWasDone) {
  const auto trained = train_forest(diabetes(), {.n_trees = 1, .max_samples = 1U << 31U});
  ASSERT_FALSE(trained);
  EXPECT_THAT(trained.error().message, testing::StartsWith("preparing the training data: invalid parameters: "));
}

}  // namespace
}  // namespace wasm_ml
