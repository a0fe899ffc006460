// The checker itself: it must refuse what is wrong, or the suite proves nothing.
#include "conformance/check.hpp"

#include <cmath>
#include <limits>

#include "conformance/values.hpp"

namespace gpu_host::conformance {
namespace {

constexpr float kSmallest = std::numeric_limits<float>::min();

TEST(CheckTest, ExactMeansTheRoundedValue) {
  EXPECT_TRUE(is_close(0.1F, {.value = 0.1F}, tolerance::kExact));
  EXPECT_TRUE(is_close(1.0F, {.value = 1.0L + 0x1p-30L}, tolerance::kExact));
  EXPECT_FALSE(is_close(std::nextafter(0.1F, 1.0F), {.value = 0.1F}, tolerance::kExact));
  EXPECT_TRUE(is_close(-0.0F, {.value = 0}, tolerance::kExact));
  EXPECT_FALSE(is_close(0.0F, {.value = 1}, tolerance::kExact));
}

TEST(CheckTest, NanAndInfinityAreNeverCloseToNumbers) {
  constexpr Tolerance kLoose{.relative = 1e30, .absolute = 1e30};
  EXPECT_TRUE(is_close(kNan, {.value = kNan}, tolerance::kExact));
  EXPECT_FALSE(is_close(kNan, {.value = 1}, kLoose));
  EXPECT_FALSE(is_close(1.0F, {.value = kNan}, kLoose));
  EXPECT_TRUE(is_close(kInfinity, {.value = kInfinity}, kLoose));
  EXPECT_FALSE(is_close(-kInfinity, {.value = kInfinity}, kLoose));
  EXPECT_FALSE(is_close(kLargest, {.value = kInfinity}, kLoose));
  EXPECT_FALSE(is_close(kInfinity, {.value = 1}, tolerance::kExp));
}

TEST(CheckTest, OverflowFollowsTheTolerance) {
  EXPECT_TRUE(is_close(kInfinity, {.value = 1e39L}, tolerance::kExact));
  EXPECT_FALSE(is_close(kLargest, {.value = 1e39L}, tolerance::kExact));
  EXPECT_FALSE(is_close(kInfinity, {.value = kLargest}, tolerance::kExact));
  EXPECT_TRUE(is_close(kInfinity, {.value = kLargest}, tolerance::kExp));
  EXPECT_FALSE(is_close(-kInfinity, {.value = kLargest}, tolerance::kExp));
}

TEST(CheckTest, SubnormalsMayBeFlushed) {
  EXPECT_TRUE(is_close(0.0F, {.value = 1e-40L}, tolerance::kExact));
  EXPECT_FALSE(is_close(0.0F, {.value = kSmallest * 2}, tolerance::kExp));
  EXPECT_FALSE(is_close(2e-40F, {.value = 1e-40L}, tolerance::kExp));
  EXPECT_EQ(flushed(1e-40F), 0.0F);
  EXPECT_EQ(flushed(kSmallest), kSmallest);
}

TEST(CheckTest, EachBoundIsKept) {
  EXPECT_TRUE(is_close(1.000009F, {.value = 1}, {.relative = 1e-5}));
  EXPECT_FALSE(is_close(1.000011F, {.value = 1}, {.relative = 1e-5}));
  EXPECT_TRUE(is_close(0.5F, {.value = 0}, {.absolute = 0.5}));
  EXPECT_FALSE(is_close(0.6F, {.value = 0}, {.absolute = 0.5}));
  EXPECT_TRUE(is_close(1 + 0x1.8p-22F, {.value = 1}, {.ulps = 3}));
  EXPECT_FALSE(is_close(1 + 0x1p-21F, {.value = 1}, {.ulps = 3}));
  EXPECT_TRUE(is_close(0.9F, {.value = 0, .magnitude = 1e6L}, {.of_magnitude = 1e-6}));
  EXPECT_FALSE(is_close(1.1F, {.value = 0, .magnitude = 1e6L}, {.of_magnitude = 1e-6}));
  EXPECT_TRUE(is_close(1.1F, {.value = 0, .magnitude = 1e6L, .allowance = 0.2L}, {.of_magnitude = 1e-6}));
}

}  // namespace
}  // namespace gpu_host::conformance
