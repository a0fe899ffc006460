#include "predictor.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "engine_exchange.hpp"
#include "native/native_host.hpp"
#include "random_models.hpp"
#include "small_forest.hpp"
#include "training.hpp"
#include "training_sets.hpp"

namespace wasm_ml {
namespace {

using testing::ElementsAre;

Result<Predictor> predictor_of(const Model& model, std::string* note = nullptr) {
  auto file = open_model(model);
  if (!file) return std::unexpected(file.error());
  return Predictor::create(*file, note);
}

Predictor small_predictor() { return predictor_of(model_of(small_forest())).value(); }

class PredictorTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { wasi_gpu::native::refuse_forests(std::string_view(GetParam()) == "Kernels"); }
  void TearDown() override { wasi_gpu::native::refuse_forests(false); }
};

INSTANTIATE_TEST_SUITE_P(Ways, PredictorTest, testing::Values("Engine", "Kernels"),
                         [](const auto& way) { return way.param; });

TEST_P(PredictorTest, MeansOfTheLeavesThatRowsReach) {
  auto predictor = small_predictor();
  EXPECT_EQ(predictor.n_outputs(), 1U);
  const std::vector<float> samples = {0.5F, 0, 0.6F, -2.5F, 0.6F, -2.4F};
  std::vector<float> predictions(3);
  ASSERT_TRUE(predictor.predict(samples, predictions));
  EXPECT_THAT(predictions, ElementsAre(5.5F, 6.0F, 6.5F));
}

TEST_P(PredictorTest, BatchesOfAnySizeOneAfterTheOther) {
  auto predictor = small_predictor();
  for (const std::size_t n_rows : {1U, 1000U, 3U, 0U}) {
    std::vector<float> samples;
    for (std::size_t i = 0; i < n_rows; ++i) samples.insert(samples.end(), {i % 2 == 0 ? 0.0F : 1.0F, 0.0F});
    std::vector<float> predictions(n_rows);
    ASSERT_TRUE(predictor.predict(samples, predictions));
    for (std::size_t i = 0; i < n_rows; ++i) EXPECT_EQ(predictions[i], i % 2 == 0 ? 5.5F : 6.5F) << i;
  }
}

TEST_P(PredictorTest, RowsThatGoInSeveralParts) {
  auto predictor = small_predictor();
  const std::vector<float> samples = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  for (const std::size_t max_part_bytes : {1U, 8U, 16U, 31U, 1000U}) {
    std::vector<float> predictions(5);
    ASSERT_TRUE(predictor.predict(samples, predictions, max_part_bytes));
    EXPECT_THAT(predictions, ElementsAre(5.5F, 5.5F, 5.5F, 5.5F, 6.5F));
  }
}

TEST_P(PredictorTest, AForestOfLeaves) {
  Forest forest = small_forest();
  forest.nodes = {{.threshold = 1.0F}, {.threshold = 2.0F}};
  forest.tree_offsets = {0, 1};
  forest.depth = 0;
  auto predictor = predictor_of(model_of(forest));
  ASSERT_TRUE(predictor) << predictor.error().message;
  const std::vector<float> samples = {1, 2};
  std::vector<float> predictions(1);
  ASSERT_TRUE(predictor->predict(samples, predictions));
  EXPECT_THAT(predictions, ElementsAre(1.5F));
}

TEST_P(PredictorTest, MissingValuesGoRightWhereTheForestKnowsNoBetter) {
  auto predictor = small_predictor();
  std::vector<float> predictions(1);
  ASSERT_TRUE(predictor.predict(std::vector<float>{NAN, NAN}, predictions));
  EXPECT_THAT(predictions, ElementsAre(6.5F));
}

TEST_P(PredictorTest, ThePostprocessorComesLast) {
  Model model = model_of(small_forest());
  model.info.postprocessor = {.kind = PostprocessorKind::signed_square};
  auto predictor = predictor_of(model);
  ASSERT_TRUE(predictor) << predictor.error().message;
  std::vector<float> predictions(2);
  ASSERT_TRUE(predictor->predict(std::vector<float>{0, 0, 1, 0}, predictions));
  EXPECT_THAT(predictions, ElementsAre(5.5F * 5.5F, 6.5F * 6.5F));
}

TEST_P(PredictorTest, NotesThatTheKernelsPredict) {
  std::string note;
  ASSERT_TRUE(predictor_of(model_of(small_forest()), &note));
  EXPECT_EQ(note, std::string_view(GetParam()) == "Engine"
                      ? ""
                      : "this device does not predict forests itself: the 0.1.0 kernels predict");
}

std::vector<float> predictions_of(const Model& model, const std::vector<float>& rows, bool by_kernels) {
  wasi_gpu::native::refuse_forests(by_kernels);
  auto predictor = predictor_of(model);
  std::vector<float> predictions(rows.size() / model.info.features.size());
  EXPECT_TRUE(predictor && predictor->predict(rows, predictions));
  wasi_gpu::native::refuse_forests(false);
  return predictions;
}

// Bit for bit: leaves are whole numbers here, whose sums no way of adding up rounds.
TEST(KernelPredictorTest, PredictsAsTheEngine) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    const std::uint32_t n_features = round % 10 == 0 ? 300 : 1 + below(random, 9);
    Forest forest = random_forest(random, n_features);
    for (TreeNode& node : forest.nodes) node.threshold = node.is_leaf() ? std::round(node.threshold) : node.threshold;
    const Model model = model_of(forest);
    const std::vector<float> rows = random_rows(random, 40, n_features);
    EXPECT_EQ(predictions_of(model, rows, true), predictions_of(model, rows, false));
  }
}

TEST(KernelPredictorTest, PredictsAsTheEngineWhatTheEngineGrew) {
  const TrainingSet set = diabetes();
  const Model model = train_forest(set, {.n_trees = 50}).value().model;
  const auto by_kernels = predictions_of(model, set.features, true);
  const auto by_engine = predictions_of(model, set.features, false);
  for (std::size_t i = 0; i < by_engine.size(); ++i) EXPECT_NEAR(by_kernels[i] / by_engine[i], 1, 1e-6) << i;
}

class KernelRefusalTest : public testing::Test {
 protected:
  // Made where the device knows forests.
  static std::string refusal(const Model& model) {
    wasi_gpu::native::refuse_forests(true);
    const auto predictor = predictor_of(model);
    wasi_gpu::native::refuse_forests(false);
    return predictor ? "no error" : predictor.error().message;
  }
  static Model imported(const std::function<void(PortableForest& forest)>& change) {
    PortableForest forest;
    forest.n_features = 1;
    forest.average = true;
    forest.tree_offsets = {0, 3};
    forest.nodes = {{.feature = 0, .threshold = 0, .left = 1, .missing_child = 1},
                    {.feature = -1, .threshold = 1},
                    {.feature = -1, .threshold = 2}};
    change(forest);
    return {.info = {.features = numeric_features({"a"})}, .packed = pack(forest).value()};
  }
};

TEST_F(KernelRefusalTest, NamesWhatTheKernelsCannotDo) {
  EXPECT_EQ(refusal(imported([](PortableForest&) {})), "no error");
  EXPECT_EQ(refusal(imported([](PortableForest& forest) { forest.average = false; })),
            "model 'm.bin': sums of trees are more than the 0.1.0 kernels can predict");
  EXPECT_EQ(refusal(imported([](PortableForest& forest) { forest.base = {1}; })),
            "model 'm.bin': sums of trees are more than the 0.1.0 kernels can predict");
  const auto vectors = [](PortableForest& forest) {
    forest.n_outputs = 2;
    forest.vector_leaves = true;
    forest.leaf_values = {1, 2, 3, 4};
  };
  EXPECT_EQ(refusal(imported(vectors)),
            "model 'm.bin': its leaves have more than a number each, which the 0.1.0 kernels cannot predict");
  TrainingSet classes = set_of({"a"}, {1, 0, 2, 1});
  classes.classes = {"no", "yes"};
  EXPECT_EQ(refusal(train_forest(classes, {.n_trees = 2}).value().model),
            "model 'm.bin': its leaves have more than a number each, which the 0.1.0 kernels cannot predict");
}

TEST_F(KernelRefusalTest, NamesARowThatTheyCannotPredict) {
  const Model model = imported([](PortableForest&) {});
  wasi_gpu::native::refuse_forests(true);
  auto predictor = predictor_of(model);
  ASSERT_TRUE(predictor) << predictor.error().message;
  std::vector<float> predictions(3);
  EXPECT_TRUE(predictor->predict(std::vector<float>{1, 2, 3}, predictions));
  const auto refused = predictor->predict(std::vector<float>{1, NAN, 3}, predictions);
  wasi_gpu::native::refuse_forests(false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "row 2, feature 1: missing values are more than the 0.1.0 kernels can do");
}

}  // namespace
}  // namespace wasm_ml
