#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/random.hpp"
#include "conformance/reference.hpp"
#include "conformance/values.hpp"

namespace gpu_host::conformance {
namespace {

using Floats = std::vector<float>;
using Indices = std::vector<std::uint32_t>;

// Scores below this part of the total squared deviation are small against it:
// their error may be as large as that of a score of this size.
constexpr double kSmallScore = 1e-3;
constexpr Tolerance kTolerance{.relative = tolerance::kFindSplit.relative,
                               .of_magnitude = tolerance::kFindSplit.relative * kSmallScore};

class FindSplitTest : public ConformanceTest {
 protected:
  // The table has as many rows as there are labels.
  Floats run(const FindSplitParams& params, const Floats& data, const Floats& labels, const Indices& indices,
             const Floats& thresholds) {
    const DeviceMemory device_data = upload(stream(), data);
    const DeviceMemory device_labels = upload(stream(), labels);
    const DeviceMemory device_indices = upload(stream(), indices);
    const DeviceMemory device_thresholds = upload(stream(), thresholds);
    return run_kernel<float>(stream(), params.n_thresholds, [&](Buffer& output) {
      return stream().find_split(params, labels.size(), *device_data, *device_labels, *device_indices,
                                 *device_thresholds, output);
    });
  }

  void check(const FindSplitParams& params, const Floats& data, const Floats& labels, const Indices& indices,
             const Floats& thresholds) {
    SCOPED_TRACE(testing::Message() << params.n_samples << " samples, feature " << params.feature_idx << " of "
                                    << params.n_features << ", " << params.n_thresholds << " thresholds");
    expect_all_close(run(params, data, labels, indices, thresholds),
                     reference_find_split(params, data, labels, indices, thresholds), kTolerance);
  }

  // One feature, every row once.
  void check_column(const Floats& column, const Floats& labels, const Floats& thresholds) {
    Indices indices(labels.size());
    for (std::uint32_t i = 0; i < indices.size(); ++i) indices[i] = i;
    check({static_cast<std::uint32_t>(labels.size()), 1, 0, static_cast<std::uint32_t>(thresholds.size())}, column,
          labels, indices, thresholds);
  }
};

TEST_P(FindSplitTest, EveryCountOfSamples) {
  Random random(1);
  for (const std::uint32_t count : all_counts()) {
    const std::uint32_t rows = std::max(1U, count / 2);
    check({count, 2, 1, 5}, random.floats(std::size_t{rows} * 2, 0, 1), random.floats(rows, -3, 5),
          random.indices(count, rows), {0.1F, 0.9F, 0.5F, 0.25F, 0.501F});
  }
}

TEST_P(FindSplitTest, EveryCountOfThresholds) {
  Random random(2);
  const Floats data = random.floats(300, 0, 1);
  const Floats labels = random.floats(300, 0, 1);
  const Indices indices = random.indices(200, 300);
  for (const std::uint32_t count : small_counts()) {
    check({200, 1, 0, count}, data, labels, indices, random.floats(count, -0.1F, 1.1F));
  }
  check({5, 1, 0, 65'537}, data, labels, indices, random.floats(65'537, 0, 1));
}

TEST_P(FindSplitTest, EveryFeature) {
  Random random(3);
  const Floats data = random.floats(50 * 37, -1, 1);
  const Floats labels = random.floats(50, 0, 1);
  const Indices indices = random.indices(50, 50);
  for (std::uint32_t feature = 0; feature < 37; ++feature) {
    check({50, 37, feature, 3}, data, labels, indices, {-0.5F, 0.5F, 0});
  }
}

TEST_P(FindSplitTest, RandomTables) {
  for (std::uint32_t seed = 100; seed < 160; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const std::uint32_t rows = 1 + random.below(100);
    const std::uint32_t features = 1 + random.below(8);
    const std::uint32_t samples = 1 + random.below(300);
    // Few different values: many ties.
    Floats data(std::size_t{rows} * features);
    for (float& value : data) value = static_cast<float>(random.below(7));
    Floats thresholds(1 + random.below(20));
    for (float& value : thresholds) value = static_cast<float>(random.below(17)) / 2 - 1;
    check({samples, features, random.below(features), static_cast<std::uint32_t>(thresholds.size())}, data,
          random.floats(rows, -1, 1), random.indices(samples, rows), thresholds);
  }
}

TEST_P(FindSplitTest, TiesGoLeft) {
  check_column({1, 2, 2, 3}, {1, 5, 7, 20}, {2, 1, 3, 0, 2, 1.5F, 2.5F});
  check_column({0, -0.0F, 1}, {1, 2, 3}, {0, -0.0F});
}

TEST_P(FindSplitTest, NanGoesRight) {
  check_column({kNan, 1, 2, kNan}, {1, 5, 7, 20}, {0, 1, 2, kInfinity});
  check_column({kNan, kNan}, {1, 5}, {0, kInfinity, kNan});
}

TEST_P(FindSplitTest, ThresholdsThatAreNoNumbers) {
  check_column({1, 2, 3}, {1, 5, 7}, {kNan, kInfinity, -kInfinity, 2, -kNan, 1});
  check_column({-kInfinity, 2, kInfinity}, {1, 5, 7}, {kNan, kInfinity, -kInfinity, 2});
}

TEST_P(FindSplitTest, EmptyNodesAndNoThresholds) {
  check({0, 1, 0, 3}, {1}, {1}, {}, {kNan, 0, 1});
  check({0, kHuge, kHuge - 1, 2}, {}, {}, {}, {0, 1});
  check({3, 1, 0, 0}, {1, 2}, {1, 2}, {0, 1, 0}, {});
  check({0, 1, 0, 0}, {}, {}, {}, {});
}

TEST_P(FindSplitTest, LabelsWithALargeOffset) {
  Random random(4);
  for (const float offset : {1e6F, -1e6F, 1e7F}) {
    for (const std::uint32_t count : {10U, 1000U, 100'000U}) {
      Floats labels = random.floats(count, 0, 20);
      for (float& label : labels) label += offset;
      check_column(random.floats(count, 0, 1), labels, {0.5F, 0.001F, 0.999F});
    }
  }
}

// The feature explains all but a little, so that the score is far below the total.
TEST_P(FindSplitTest, GoodSplitsHaveExactScores) {
  Random random(5);
  Floats column(10'000);
  Floats labels(10'000);
  for (std::size_t i = 0; i < column.size(); ++i) {
    column[i] = random.uniform(0, 1);
    labels[i] = (column[i] <= 0.5F ? -10.0F : 10.0F) + random.uniform(-1, 1);
  }
  check_column(column, labels, {0.5F, 0.4F});
}

TEST_P(FindSplitTest, ConstantLabelsScoreNothing) {
  for (const float label : {0.0F, 2.5F, 0.1F, -1e6F}) {
    const Floats column = Random(6).floats(1000, 0, 1);
    Indices indices = Random(7).indices(1000, 1000);
    const Floats got = run({1000, 1, 0, 2}, column, Floats(1000, label), indices, {0.5F, 0.25F});
    // What is left when a mean is rounded to f32.
    const long double allowance = 1000 * std::pow(0x1p-24L * label, 2);
    for (const float score : got) expect_close(score, {.value = 0, .allowance = allowance}, tolerance::kExact);
  }
}

TEST_P(FindSplitTest, LabelsThatAreNoNumbersOrOverflow) {
  check_column({1, 2, 3, 4}, {1, kNan, 3, 4}, {0, 1, 2, 3, 4});
  check_column({1, 2, 3, 4}, {1, 2, kInfinity, 4}, {0, 1, 2, 3, 4});
  check_column({1, 2, 3, 4}, {1e25F, -1e25F, 1e25F, 3e25F}, {0, 1, 2, 3, 4});
}

TEST_P(FindSplitTest, OneRowDrawnManyTimes) { check({1000, 1, 0, 2}, {1, 2}, {3, 4}, Indices(1000, 1), {1.5F, 2.5F}); }

// Thresholds in no order, repeated, infinite and no numbers, some of them values of the data.
TEST_P(FindSplitTest, EveryCountOfSamplesWithManyThresholds) {
  Random random(9);
  Floats thresholds = random.floats(150, -0.1F, 1.1F);
  thresholds.insert(thresholds.end(), {0.5F, kNan, kInfinity, 0.25F, 0.5F, -kInfinity, 0, -0.0F, -kNan, 1, 0.5F, 1});
  const auto n_thresholds = static_cast<std::uint32_t>(thresholds.size());
  for (const std::uint32_t count : {0U, 1U, 7U, 511U, 512U, 513U, 8191U, 8192U, 8193U, 40'000U, 100'000U}) {
    const std::uint32_t rows = 1 + count / 2;
    Floats data = random.floats(std::size_t{rows} * 3, 0, 1);
    for (float& value : data) {
      const std::uint32_t kind = random.below(40);
      if (kind < 4) value = thresholds[random.below(n_thresholds)];
      if (kind == 5) value = kNan;
    }
    check({count, 3, 1, n_thresholds}, data, random.floats(rows, -3, 5), random.indices(count, rows), thresholds);
  }
}

TEST_P(FindSplitTest, ThresholdsThatAreAllNoNumbers) {
  for (const std::size_t count : {1U, 64U, 65U, 1000U}) check_column({1, 2, 3}, {1, 5, 7}, Floats(count, kNan));
}

// Labels among which one is far from all others, be it an early or a late row.
TEST_P(FindSplitTest, OneLabelFarAway) {
  Random random(10);
  const Floats column = random.floats(20'000, 0, 1);
  const Floats few = {0.5F, 0.001F, 0.999F};
  const Floats many = random.floats(100, 0, 1);
  for (const std::size_t row : {0U, 1U, 600U, 19'999U}) {
    Floats labels = random.floats(20'000, 0, 1);
    labels[row] = 1e7F;
    check_column(column, labels, few);
    check_column(column, labels, many);
  }
}

TEST_P(FindSplitTest, ManySamplesAndThresholds) {
  Random random(8);
  check({20'000, 3, 2, 100}, random.floats(3 * 20'000, 0, 1), random.floats(20'000, 0, 300),
        random.indices(20'000, 20'000), random.floats(100, 0, 1));
}

INSTANTIATE_TEST_SUITE_P(Backends, FindSplitTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
