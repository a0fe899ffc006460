// Sound forests; errors_tree_test.cpp has the others.
#include <gtest/gtest.h>

#include <cmath>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/forest_data.hpp"
#include "conformance/values.hpp"

namespace gpu_host::conformance {
namespace {

using Floats = std::vector<float>;

class BatchPredictTest : public ConformanceTest {
 protected:
  void check(const BatchPredictParams& params, const Floats& samples, const Forest& forest) {
    SCOPED_TRACE(testing::Message() << params.batch_size << " rows of " << params.n_features << " features, "
                                    << params.n_trees << " trees, depth " << params.max_depth);
    const DeviceMemory device_samples = upload(stream(), samples);
    const DeviceMemory nodes = upload(stream(), forest.nodes);
    const DeviceMemory offsets = upload(stream(), forest.offsets);
    const auto got = run_kernel<float>(stream(), params.batch_size, [&](Buffer& output) {
      return stream().batch_predict(params, *device_samples, *nodes, *offsets, output);
    });
    expect_all_close(got, reference_batch_predict(params, samples, forest.nodes, forest.offsets), tolerance::kSum);
  }
};

TEST_P(BatchPredictTest, EveryCountOfRows) {
  Random random(1);
  const Forest forest = random_forest(random, 10, 4, 6);
  for (const std::uint32_t rows : all_counts()) {
    if (rows > 100'000) continue;
    check({rows, 4, 10, 6}, small_samples(random, std::size_t{rows} * 4), forest);
  }
  check({1'000'003, 1, 2, 2}, small_samples(random, 1'000'003), random_forest(random, 2, 1, 2));
}

TEST_P(BatchPredictTest, EveryCountOfTrees) {
  Random random(2);
  for (const std::uint32_t trees : small_counts()) {
    check({33, 5, trees, 4}, small_samples(random, 33 * 5), random_forest(random, trees, 5, 4));
  }
}

TEST_P(BatchPredictTest, RandomForests) {
  for (std::uint32_t seed = 200; seed < 260; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    const std::uint32_t rows = 1 + random.below(100);
    const std::uint32_t features = 1 + random.below(30);
    const std::uint32_t trees = 1 + random.below(30);
    const std::uint32_t depth = random.below(10);
    check({rows, features, trees, depth}, small_samples(random, std::size_t{rows} * features),
          random_forest(random, trees, features, depth));
  }
}

TEST_P(BatchPredictTest, NoRows) { check({0, kHuge, 1, kHuge}, {}, chain(0, 1)); }

TEST_P(BatchPredictTest, ARootThatIsALeaf) {
  check({3, 1, 1, 0}, {kNan, 1, 2}, chain(0, 7));
  check({2, 1, 3, 0}, {1, 2}, {{leaf(1), leaf(2), leaf(6)}, {2, 0, 1}});
}

TEST_P(BatchPredictTest, TreesMayBeNamedTwice) { check({2, 1, 4, 0}, {1, 2}, {{leaf(1), leaf(2)}, {1, 1, 0, 1}}); }

TEST_P(BatchPredictTest, ThresholdsDivideAtEquality) {
  // x <= t gives 10, else 20.
  for (const float threshold : {0.0F, -0.0F, 1.5F, kInfinity, -kInfinity, kNan}) {
    check({8, 1, 1, 1}, {0, -0.0F, 1.5F, 1.6F, -1, kNan, kInfinity, -kInfinity},
          {{{0, threshold, 1, 2}, leaf(10), leaf(20)}, {0}});
  }
}

TEST_P(BatchPredictTest, DepthMayBeUsedUp) {
  for (const std::uint32_t edges : {1U, 2U, 31U, 32U, 33U, 1000U, 10'000U}) {
    check({3, 1, 1, edges}, {0, -1, -2}, chain(edges, 4));
    check({3, 1, 1, kHuge}, {0, -1, -2}, chain(edges, 4));
  }
}

// A loop on a branch that no row takes, a bad child that no row reaches.
TEST_P(BatchPredictTest, WhatNoRowReachesDoesNotMatter) {
  check({2, 1, 1, 5}, {0, -1}, {{{0, 0, 1, 0}, leaf(3)}, {0}});
  check({2, 1, 1, 5}, {0, -1}, {{{0, 0, 1, 2}, leaf(3), {7, 0, kHuge, kHuge}}, {0}});
}

TEST_P(BatchPredictTest, LeavesThatAreNoNumbers) {
  for (const float value : {kNan, kInfinity, -kInfinity}) {
    check({2, 1, 2, 1}, {0, 1}, {{{0, 0, 1, 2}, leaf(value), leaf(2), leaf(5)}, {0, 3}});
  }
  check({1, 1, 2, 0}, {0}, {{leaf(kInfinity), leaf(-kInfinity)}, {0, 1}});
  check({1, 1, 2, 0}, {0}, {{leaf(3e38F), leaf(3e38F)}, {0, 1}});
}

TEST_P(BatchPredictTest, TheLastFeatureOfMany) {
  constexpr std::uint32_t kFeatures = 100'000;
  Floats samples(2 * kFeatures, 9);
  samples[kFeatures - 1] = -1;
  check({2, kFeatures, 1, 1}, samples, {{{kFeatures - 1, 0, 1, 2}, leaf(10), leaf(20)}, {0}});
}

TEST_P(BatchPredictTest, LargeForests) {
  Random random(3);
  check({3001, 12, 60, 12}, small_samples(random, 3001 * 12), random_forest(random, 60, 12, 12));
  check({20'011, 3, 5, kHuge}, small_samples(random, 20'011 * 3), random_forest(random, 5, 3, 5));
}

TEST_P(BatchPredictTest, ManyTreesForFewRows) {
  if (GetParam() == kWebGpuInPieces)
    GTEST_SKIP() << "a row and four bindings of nodes must hold what they predict with";
  Random random(4);
  const Forest forest = random_forest(random, 70'000, 3, 3);
  for (const std::uint32_t rows : {1U, 2U, 7U, 9U})
    check({rows, 3, 70'000, 3}, small_samples(random, rows * 3), forest);
}

TEST_P(BatchPredictTest, ForestsWithTreesThatAreNotWhollySound) {
  Random random(5);
  Forest forest = random_forest(random, 3, 2, 6);
  const auto add_tree = [&forest](const std::vector<Node>& nodes) {
    forest.offsets.push_back(static_cast<std::uint32_t>(forest.nodes.size()));
    forest.nodes.insert(forest.nodes.end(), nodes.begin(), nodes.end());
  };
  constexpr float kBelowAll = -1000;  // feature 1 of all rows is above: they go right there
  add_tree({{1, kBelowAll, kHuge, 1}, leaf(1)});
  add_tree({{1, kBelowAll, 2, 1}, leaf(2), {2, 0, 1, 1}});
  add_tree({{1, kBelowAll, 2, 1}, leaf(3), {0, 0, 2, 2}});                          // a cycle
  add_tree({{0, 0, 1, 1}, {0, 1, 2, 2}, {0, 2, 3, 3}, leaf(4)});                    // shared nodes
  add_tree({{0, 0, 1, 2}, {1, kBelowAll, 0, 3}, leaf(5), leaf(6), leaf(7)});        // back to the root
  add_tree({{0, 0, 4, 2}, leaf(8), {1, 0, 1, 4}, {-2, 0, kHuge, kHuge}, leaf(9)});  // an unused node
  for (const std::uint32_t edges : {2U, 1000U, 1500U}) add_tree(chain(edges, 1).nodes);
  forest.offsets.push_back(forest.offsets[4]);
  forest.offsets.push_back(forest.offsets[1]);
  forest.offsets.push_back(static_cast<std::uint32_t>(forest.nodes.size()) - 1);  // the leaf that ends a chain
  const auto trees = static_cast<std::uint32_t>(forest.offsets.size());
  for (const std::uint32_t rows : {1U, 7U, 8U, 9U, 500U, 513U, 2055U}) {
    Floats samples = small_samples(random, std::size_t{rows} * 2);
    for (std::size_t i = 0; i < samples.size(); i += 2) {
      samples[i] = -std::abs(samples[i]);  // down the chains
      if (!(samples[i] <= 0)) samples[i] = 0;
      if (!(samples[i + 1] > kBelowAll)) samples[i + 1] = 3;
    }
    check({rows, 2, trees, 1500}, samples, forest);
    check({rows, 2, trees, kHuge}, samples, forest);
  }
}

TEST_P(BatchPredictTest, RowsWithoutFeatures) {
  const Forest forest{{leaf(1), leaf(2), leaf(6)}, {2, 0, 1}};
  for (const std::uint32_t rows : {1U, 9U, 3000U}) check({rows, 0, 3, 5}, {}, forest);
}

TEST_P(BatchPredictTest, MoreFeaturesThanBitsForThem) {
  if (GetParam() == kWebGpuInPieces)
    GTEST_SKIP() << "a row and four bindings of nodes must hold what they predict with";
  constexpr std::uint32_t kFeatures = (1 << 20) + 1;
  Floats samples(std::size_t{9} * kFeatures, 9);
  for (std::size_t row = 0; row < 9; ++row) samples[(row + 1) * kFeatures - 1] = static_cast<float>(row) - 4;
  check({9, kFeatures, 1, 1}, samples, {{{kFeatures - 1, 0, 1, 2}, leaf(10), leaf(20)}, {0}});
}

INSTANTIATE_TEST_SUITE_P(Backends, BatchPredictTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
