#include "predictor.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "small_forest.hpp"

namespace wasm_ml {
namespace {

using testing::ElementsAre;

TEST(PredictorTest, MeansOfTheLeavesThatRowsReach) {
  auto predictor = Predictor::create(small_forest());
  ASSERT_TRUE(predictor) << predictor.error().message;
  const std::vector<float> samples = {0.5F, 0, 0.6F, -2.5F, 0.6F, -2.4F};
  std::vector<float> predictions(3);
  ASSERT_TRUE(predictor->predict(samples, predictions));
  EXPECT_THAT(predictions, ElementsAre(5.5F, 6.0F, 6.5F));
}

TEST(PredictorTest, BatchesOfAnySizeOneAfterTheOther) {
  auto predictor = Predictor::create(small_forest());
  ASSERT_TRUE(predictor) << predictor.error().message;
  for (const std::size_t n_rows : {1U, 1000U, 3U, 0U}) {
    std::vector<float> samples;
    for (std::size_t i = 0; i < n_rows; ++i) samples.insert(samples.end(), {i % 2 == 0 ? 0.0F : 1.0F, 0.0F});
    std::vector<float> predictions(n_rows);
    ASSERT_TRUE(predictor->predict(samples, predictions));
    for (std::size_t i = 0; i < n_rows; ++i) EXPECT_EQ(predictions[i], i % 2 == 0 ? 5.5F : 6.5F) << i;
  }
}

TEST(PredictorTest, RowsThatGoInSeveralParts) {
  auto predictor = Predictor::create(small_forest());
  ASSERT_TRUE(predictor) << predictor.error().message;
  const std::vector<float> samples = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
  for (const std::size_t max_part_bytes : {1U, 8U, 16U, 31U, 1000U}) {
    std::vector<float> predictions(5);
    ASSERT_TRUE(predictor->predict(samples, predictions, max_part_bytes));
    EXPECT_THAT(predictions, ElementsAre(5.5F, 5.5F, 5.5F, 5.5F, 6.5F));
  }
}

TEST(PredictorTest, AForestOfLeaves) {
  Forest forest = small_forest();
  forest.nodes = {{.threshold = 1.0F}, {.threshold = 2.0F}};
  forest.tree_offsets = {0, 1};
  forest.depth = 0;
  auto predictor = Predictor::create(forest);
  ASSERT_TRUE(predictor) << predictor.error().message;
  const std::vector<float> samples = {1, 2};
  std::vector<float> predictions(1);
  ASSERT_TRUE(predictor->predict(samples, predictions));
  EXPECT_THAT(predictions, ElementsAre(1.5F));
}

}  // namespace
}  // namespace wasm_ml
