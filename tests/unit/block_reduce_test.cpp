#include "backend/cpu/block_reduce.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace gpu_host::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Integers of either sign, whose sums are exact.
std::vector<float> some_values(std::size_t n) {
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i * 7919 % 257) - 128;
  return values;
}

TEST(BlockReduce, IsRightForEverySize) {
  for (std::size_t n = 1; n < 10'000; n = n < 200 ? n + 1 : n * 2 + 1) {
    const std::vector<float> values = some_values(n);
    double total = 0;
    double squares = 0;
    for (const double x : values) {
      total += x;
      squares += (x - 3) * (x - 3);
    }
    EXPECT_EQ(sum(values), total) << n;
    EXPECT_EQ(squared_deviations(values, 3), squares) << n;
    EXPECT_EQ(maximum(values), std::ranges::max(values)) << n;
    EXPECT_EQ(minimum(values), std::ranges::min(values)) << n;
  }
  EXPECT_EQ(sum({}), 0);
}

TEST(BlockReduce, FindsNanAnywhere) {
  for (std::size_t n = 1; n < 70; ++n) {
    for (std::size_t at = 0; at < n; ++at) {
      std::vector<float> values = some_values(n);
      values[at] = kNan;
      EXPECT_TRUE(std::isnan(maximum(values)) && std::isnan(minimum(values)) && std::isnan(sum(values))) << n;
    }
  }
}

TEST(BlockReduce, InfinitiesAreNoNan) {
  std::vector<float> values = some_values(100);
  values[0] = kInfinity;
  values[16] = -kInfinity;
  EXPECT_EQ(maximum(values), kInfinity);
  EXPECT_EQ(minimum(values), -kInfinity);
}

TEST(BlockReduce, MeansOfShortAndLongRows) {
  for (const std::size_t row_size : {1, 2, 23, 24, 25, 100, 5000}) {
    const std::vector<float> rows = some_values(3 * row_size);
    std::vector<float> means(3);
    row_means(rows, row_size, means);
    for (std::size_t row = 0; row < 3; ++row) {
      const double total = sum(std::span(rows).subspan(row * row_size, row_size));
      EXPECT_EQ(means[row], static_cast<float>(total / static_cast<double>(row_size))) << row_size;
    }
  }
}

}  // namespace
}  // namespace gpu_host::cpu
