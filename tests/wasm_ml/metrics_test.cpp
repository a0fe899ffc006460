#include "metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "crc32.hpp"
#include "random.hpp"

namespace wasm_ml {
namespace {

TEST(MetricsTest, MseAndR2) {
  const std::vector<float> predictions = {1, 2, 3, 5};
  const std::vector<float> targets = {1, 2, 3, 4};
  const Metrics metrics = evaluate(predictions, targets);
  EXPECT_DOUBLE_EQ(metrics.mse, 0.25);
  EXPECT_DOUBLE_EQ(metrics.r2, 1 - 1.0 / 5.0);
}

TEST(MetricsTest, TheMeanHasR2Zero) {
  const std::vector<float> predictions = {2, 2, 2};
  const std::vector<float> targets = {1, 2, 3};
  EXPECT_DOUBLE_EQ(evaluate(predictions, targets).r2, 0);
}

TEST(MetricsTest, ConstantTargets) {
  const std::vector<float> targets = {7, 7};
  const std::vector<float> off = {7, 8};
  EXPECT_DOUBLE_EQ(evaluate(targets, targets).r2, 1);
  EXPECT_DOUBLE_EQ(evaluate(off, targets).r2, 0);
}

TEST(MetricsTest, AccuracyAndLogLoss) {
  const std::vector<float> probabilities = {0.5F, 0.25F, 0.25F, 0, 1, 0, 0.25F, 0.25F, 0.5F};
  const std::vector<float> targets = {0, 1, 0};
  const ClassMetrics metrics = evaluate_classes(probabilities, 3, targets);
  EXPECT_DOUBLE_EQ(metrics.accuracy, 2.0 / 3);
  EXPECT_DOUBLE_EQ(metrics.log_loss, (std::log(2) + std::log(4)) / 3);
}

TEST(MetricsTest, ARightClassOfProbabilityZeroCountsALittle) {
  const std::vector<float> probabilities = {1, 0};
  EXPECT_DOUBLE_EQ(evaluate_classes(probabilities, 2, std::vector<float>{1}).log_loss, 23 * std::log(2));
}

TEST(MetricsTest, OfEqualProbabilitiesTheFirst) {
  EXPECT_EQ(likeliest(std::vector<float>{0.25F, 0.375F, 0.375F}), 1U);
  EXPECT_EQ(likeliest(std::vector<float>{1}), 0U);
}

TEST(MetricsTest, ForPeopleAndForPrograms) {
  const Evaluation numbers = Metrics{.mse = 2.5, .r2 = 0.75};
  const Evaluation classes = ClassMetrics{.accuracy = 0.5, .log_loss = 0.625};
  EXPECT_EQ(describe(numbers), "MSE 2.500, R2 0.7500");
  EXPECT_EQ(describe(classes), "accuracy 0.5000, log loss 0.6250");
  JsonObject json;
  add_json(numbers, json);
  add_json(classes, json);
  EXPECT_EQ(json.text(), R"({"mse": 2.5, "r2": 0.75, "accuracy": 0.5, "log_loss": 0.625})");
}

TEST(Crc32Test, CheckValueOfTheStandard) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
  EXPECT_EQ(crc32(""), 0U);
}

TEST(RandomTest, NumbersStayBelowTheBoundAndReachAllOfIt) {
  std::vector<int> seen(5);
  for (std::uint32_t node = 0; node < 1000; ++node) {
    const std::uint32_t value = node_random(tree_seed(42, 3), node, 1, 5);
    ASSERT_LT(value, 5U);
    ++seen[value];
  }
  for (const int count : seen) EXPECT_NEAR(count, 200, 60);
}

}  // namespace
}  // namespace wasm_ml
