#include "split_candidates.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace wasm_ml {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<float> candidates(std::vector<float> values, std::uint32_t min_samples_leaf = 1) {
  std::vector<float> thresholds;
  split_candidates(values, min_samples_leaf, thresholds);
  return thresholds;
}

TEST(SplitCandidatesTest, MidpointsOfDifferentValues) {
  EXPECT_THAT(candidates({3, 1, 1, 2, 3}), ElementsAre(1.5F, 2.5F));
  EXPECT_THAT(candidates({4, 4, 4}), IsEmpty());
  EXPECT_THAT(candidates({4}), IsEmpty());
  EXPECT_THAT(candidates({}), IsEmpty());
}

TEST(SplitCandidatesTest, LeavesEnoughOnBothSides) {
  EXPECT_THAT(candidates({1, 2, 3, 4, 5, 6}, 3), ElementsAre(3.5F));
  EXPECT_THAT(candidates({1, 2, 3, 4, 5, 6}, 2), ElementsAre(2.5F, 3.5F, 4.5F));
  EXPECT_THAT(candidates({1, 2, 3, 4, 5, 6}, 4), IsEmpty());
  EXPECT_THAT(candidates({1, 1, 1, 4, 5, 6}, 2), ElementsAre(2.5F, 4.5F));
  EXPECT_THAT(candidates({1, 2}, std::numeric_limits<std::uint32_t>::max()), IsEmpty());
}

TEST(SplitCandidatesTest, TheThresholdSeparatesAlsoAfterRounding) {
  const float big = std::numeric_limits<float>::max();
  const float tiny = std::numeric_limits<float>::denorm_min();
  for (const float lo : {-big, -1.0F, -tiny, 0.0F, 1.0F, 1e30F}) {
    for (const float hi : {std::nextafter(lo, big), big}) {
      const float threshold = threshold_between(lo, hi);
      EXPECT_LE(lo, threshold);
      EXPECT_LT(threshold, hi) << lo;
    }
  }
}

TEST(SplitCandidatesTest, ManyValuesAreCappedAtTheQuantiles) {
  std::vector<float> values;
  for (int i = 0; i < 10'000; ++i) values.push_back(static_cast<float>((i * 7919) % 10'000));
  const auto thresholds = candidates(values);
  EXPECT_EQ(thresholds.size(), kMaxThresholds);
  for (std::size_t i = 1; i < thresholds.size(); ++i) {
    EXPECT_NEAR(thresholds[i] - thresholds[i - 1], 10'000.0 / (kMaxThresholds + 1), 1.01);
  }
}

TEST(SplitCandidatesTest, QuantilesOfUnevenValues) {
  std::vector<float> values(5000, 0.0F);  // half of the rows
  for (int i = 0; i < 5000; ++i) values.push_back(static_cast<float>(i + 1));
  const auto thresholds = candidates(values);
  EXPECT_LE(thresholds.size(), kMaxThresholds);
  EXPECT_GE(thresholds.size(), kMaxThresholds / 2);
  EXPECT_EQ(thresholds.front(), 0.5F);
}

}  // namespace
}  // namespace wasm_ml
