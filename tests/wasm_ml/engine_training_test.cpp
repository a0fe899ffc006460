#include "engine_training.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <variant>

#include "native/native_host.hpp"
#include "packed_trees.hpp"
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

Forest forest_of(const TrainingSet& set, const ForestParams& params) {
  return unpack_trees(train_forest(set, params).value().model.packed).value();
}

// Of the right class 0.8 of the rows.
TrainingSet three_classes() {
  TrainingSet set = set_of({"a", "b"}, {});
  set.classes = {"no", "perhaps", "yes"};
  set.n_rows = 300;
  for (std::uint32_t row = 0; row < set.n_rows; ++row) {
    const std::uint32_t kind = row % 3;
    set.features.insert(set.features.end(), {static_cast<float>(kind), static_cast<float>(row % 7)});
    set.targets.push_back(static_cast<float>(row % 5 == 0 ? (kind + 1) % 3 : kind));
  }
  return set;
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
  const auto packed = [](const TrainingHooks& hooks) {
    return train_forest(diabetes(), {.n_trees = 9, .max_features = 3}, hooks).value().model.packed;
  };
  EXPECT_EQ(packed({.progress = [](std::uint32_t) {}}), packed({}));
}

TEST(EngineTrainingTest, ImportancesAreSharesOfOne) {
  const auto trained = train_forest(diabetes(), {.n_trees = 50});
  ASSERT_TRUE(trained);
  const std::vector<double>& importances = trained->model.info.importances;
  ASSERT_EQ(importances.size(), 10U);
  EXPECT_THAT(std::accumulate(importances.begin(), importances.end(), 0.0), DoubleNear(1, 1e-9));
  EXPECT_GT(importances[2], 0.15);  // bmi, with s5 what scikit-learn finds too
  EXPECT_GT(importances[8], 0.15);
}

TEST(EngineTrainingTest, OutOfBag) {
  const auto trained = train_forest(diabetes(), {.oob_score = true});
  ASSERT_TRUE(trained) << trained.error().message;
  ASSERT_TRUE(trained->out_of_bag);
  EXPECT_EQ(trained->out_of_bag->n_rows, 353U);
  const auto metrics = std::get<Metrics>(trained->out_of_bag->evaluation);
  EXPECT_GT(metrics.r2, 0.35);  // scikit-learn: about 0.42
  EXPECT_LT(metrics.r2, 0.5);
  EXPECT_FALSE(train_forest(diabetes(), {.n_trees = 1}).value().out_of_bag);
}

TEST(EngineTrainingTest, OutOfBagOfRowsThatSomeTreeLeftOut) {
  const auto trained = train_forest(diabetes(), {.n_trees = 1, .oob_score = true});
  ASSERT_TRUE(trained && trained->out_of_bag);
  EXPECT_GT(trained->out_of_bag->n_rows, 100U);  // 353 / e
  EXPECT_LT(trained->out_of_bag->n_rows, 160U);
  const auto all_drawn = train_forest(set_of({"a"}, {1, 1}), {.n_trees = 2, .oob_score = true});
  ASSERT_TRUE(all_drawn);
  EXPECT_FALSE(all_drawn->out_of_bag);
}

TEST(EngineTrainingTest, WithoutBootstrapADeepTreeKnowsEachRow) {
  const TrainingSet set = diabetes();
  const Forest forest = forest_of(set, {.n_trees = 1, .max_depth = 0, .bootstrap = false});
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
  const auto n_nodes = [&](const ForestParams& params) { return train_forest(set, params).value().trees.n_nodes; };
  const std::uint64_t all = n_nodes({.n_trees = 5});
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
    return train_forest(set, params).value().trees.n_nodes / 2 + 1;
  };
  EXPECT_EQ(n_leaves(255), 1000U);
  EXPECT_EQ(n_leaves(2), 2U * 256);  // fine bins in each
}

TEST(EngineTrainingTest, LargeTargetsAreNoTrouble) {
  const Forest forest =
      forest_of(set_of({"a"}, {1, -3e38F, 2, 3e38F}), {.n_trees = 1, .max_depth = 0, .bootstrap = false});
  EXPECT_THAT(forest.nodes, testing::SizeIs(3));
  EXPECT_FLOAT_EQ(forest.nodes[1].threshold, -3e38F);
  EXPECT_FLOAT_EQ(forest.nodes[2].threshold, 3e38F);
}

TEST(EngineTrainingTest, Classes) {
  const TrainingSet set = three_classes();
  const auto trained = train_forest(set, {.n_trees = 30, .max_depth = 3, .oob_score = true});
  ASSERT_TRUE(trained) << trained.error().message;
  EXPECT_EQ(trained->model.info.task, ModelTask::classification);
  EXPECT_EQ(trained->model.info.classes, set.classes);
  EXPECT_EQ(trained->trees.n_outputs, 3U);
  ASSERT_TRUE(trained->out_of_bag);
  const auto metrics = std::get<ClassMetrics>(trained->out_of_bag->evaluation);
  EXPECT_NEAR(metrics.accuracy, 0.8, 0.02);
  EXPECT_NEAR(metrics.log_loss, 0.5, 0.1);  // of 0.8 and 0.2: 0.5004
  EXPECT_THAT(unpack_trees(trained->model.packed).error().message, testing::HasSubstr("more than a number each"));
}

TEST(EngineTrainingTest, MissingValuesMayGoToEitherSide) {
  const auto forest_with = [](float of_missing) {
    return forest_of(set_of({"a"}, {NAN, of_missing, NAN, of_missing, 1, 1, 2, 1, 3, 9, 4, 9}),
                     {.n_trees = 1, .bootstrap = false});
  };
  EXPECT_TRUE(forest_with(1).knows_missing);
  EXPECT_FALSE(forest_with(9).knows_missing);
}

TEST(EngineTrainingTest, ErrorsOfTheHostSayWhatWasDone) {
  const auto trained = train_forest(diabetes(), {.n_trees = 1, .max_samples = 1U << 31U});
  ASSERT_FALSE(trained);
  EXPECT_THAT(trained.error().message, testing::StartsWith("preparing the training data: invalid parameters: "));
}

}  // namespace
}  // namespace wasm_ml
