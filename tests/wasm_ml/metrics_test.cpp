#include "metrics.hpp"

#include <gtest/gtest.h>

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
