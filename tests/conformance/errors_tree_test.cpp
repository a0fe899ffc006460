// Forests that are not sound: batch_predict must notice, stay inside and end.
#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "conformance/conformance.hpp"
#include "conformance/forest_data.hpp"
#include "conformance/hostile.hpp"
#include "conformance/values.hpp"

namespace gpu_host::conformance {
namespace {

using Words = std::initializer_list<const char*>;
constexpr Words kChild = {"child", "left", "right"};
constexpr Words kDepth = {"depth"};
constexpr Words kFeature = {"feature"};
constexpr Words kOffset = {"offset"};

class ErrorsTreeTest : public ConformanceTest {
 protected:
  void expect_error(const Forest& forest, Words words, std::uint32_t max_depth = 8,
                    const std::vector<float>& samples = {0, 0}, std::uint32_t n_features = 2) {
    const auto rows = static_cast<std::uint32_t>(samples.size() / n_features);
    const DeviceMemory device_samples = upload(stream(), samples);
    const DeviceMemory nodes = upload(stream(), forest.nodes);
    const DeviceMemory offsets = upload(stream(), forest.offsets);
    const BatchPredictParams params{rows, n_features, static_cast<std::uint32_t>(forest.offsets.size()), max_depth};
    expect_kernel_error(stream(), rows, words, [&](Buffer& output) {
      return stream().batch_predict(params, *device_samples, *nodes, *offsets, output);
    });
  }
};

TEST_P(ErrorsTreeTest, ChildrenOutside) {
  for (const std::uint32_t child : {3U, 4U, 1000U, 0x10000000U, 0x7fffffffU, 0x80000000U, kHuge - 1, kHuge}) {
    SCOPED_TRACE(child);
    expect_error({{{0, 0, child, 1}, leaf(1), leaf(2)}, {0}}, kChild);
    expect_error({{{0, -1, 1, child}, leaf(1), leaf(2)}, {0}}, kChild);
    expect_error({{{0, 0, 1, 1}, {1, 0, child, child}, leaf(2)}, {0}}, kChild);
  }
}

// Counted from the root, and not in 32 bits.
TEST_P(ErrorsTreeTest, ChildrenAreRelativeToTheRoot) {
  const std::vector<Node> nodes = {leaf(1), leaf(2), {0, 0, 2, 2}, leaf(3)};
  expect_error({nodes, {2}}, kChild);
  for (const std::uint32_t child : {kHuge, kHuge - 1, kHuge - 2}) {  // 2 + child wraps to a node
    SCOPED_TRACE(child);
    expect_error({{leaf(1), leaf(2), {0, 0, child, child}, leaf(3)}, {2}}, kChild);
  }
  expect_error({{leaf(1), {0, 0, 0x10000000U, 0x0fffffffU}}, {1}}, kChild);  // its byte offset wraps
}

TEST_P(ErrorsTreeTest, OffsetsOutside) {
  for (const std::uint32_t offset : {1U, 2U, 0x0fffffffU, 0x10000000U, 0x7fffffffU, 0x80000000U, kHuge}) {
    SCOPED_TRACE(offset);
    expect_error({{leaf(1)}, {offset}}, kOffset);
    expect_error({{leaf(1)}, {0, 0, 0, offset, 0}}, kOffset);
  }
}

TEST_P(ErrorsTreeTest, FeaturesOutside) {
  constexpr std::int32_t kSmallest = std::numeric_limits<std::int32_t>::min();
  constexpr std::int32_t kMost = std::numeric_limits<std::int32_t>::max();
  for (const std::int32_t feature : {-2, -3, kSmallest, kSmallest + 1, 2, 3, 0x10000000, kMost}) {
    SCOPED_TRACE(feature);
    expect_error({{{feature, 0, 1, 1}, leaf(1)}, {0}}, kFeature);
    expect_error({{{0, 0, 1, 1}, {feature, 0, 2, 2}, leaf(1)}, {0}}, kFeature);
  }
}

TEST_P(ErrorsTreeTest, OneEdgeTooMany) {
  for (const std::uint32_t edges : {1U, 2U, 32U, 33U, 1000U}) {
    SCOPED_TRACE(edges);
    expect_error(chain(edges, 1), kDepth, edges - 1);
  }
}

TEST_P(ErrorsTreeTest, Cycles) {
  for (const std::uint32_t depth : {0U, 1U, 100U, 100'000U}) {
    SCOPED_TRACE(depth);
    expect_error({{{0, 0, 0, 0}}, {0}}, kDepth, depth);
    expect_error({{{0, 0, 1, 1}, {1, 0, 0, 0}, leaf(1)}, {0}}, kDepth, depth);
  }
}

// A path of more edges than there are nodes never ends: no need to walk it all.
TEST_P(ErrorsTreeTest, CyclesWithoutALimitEnd) {
  const std::vector<float> samples(200, 0.0F);
  expect_error({{{0, 0, 1, 1}, {1, 0, 0, 0}, leaf(1)}, {0}}, kDepth, kHuge, samples);
}

TEST_P(ErrorsTreeTest, OneBadRowAmongMany) {
  const Forest forest{{{0, 0, 1, kHuge}, leaf(1)}, {0}};
  for (const std::size_t bad : {0U, 1U, 63U, 64U, 65'535U, 65'536U, 99'999U}) {
    SCOPED_TRACE(bad);
    std::vector<float> samples(100'000, -1);
    samples[bad] = 1;
    expect_error(forest, kChild, 4, samples, 1);
  }
}

TEST_P(ErrorsTreeTest, OneBadTreeAmongMany) {
  Random random(1);
  for (std::uint32_t tree = 0; tree < 40; ++tree) {
    SCOPED_TRACE(tree);
    Forest forest = random_forest(random, 40, 2, 5);
    forest.nodes[forest.offsets[tree]] = {-2, 0, 0, 0};
    expect_error(forest, kFeature, 8, small_samples(random, 20));
  }
}

// Among trees that are sound, at the end of a path that few rows take.
TEST_P(ErrorsTreeTest, OneBadNodeInALargeForest) {
  constexpr std::uint32_t kRows = 3001;
  Random random(2);
  const Forest sound = random_forest(random, 30, 2, 8);
  const std::pair<Node, Words> bad[] = {
      {{0, 0, 0, 0}, kDepth}, {{0, 0, kHuge, kHuge}, kChild}, {{2, 0, 2, 2}, kFeature}, {{-2, 0, 2, 2}, kFeature}};
  for (const std::size_t row : {0U, 511U, 512U, 2999U, 3000U}) {
    std::vector<float> samples(kRows * std::size_t{2}, 0.0F);
    samples[2 * row + 1] = 9;
    for (const auto& [node, words] : bad) {
      SCOPED_TRACE(testing::Message() << "row " << row << ", " << *words.begin());
      Forest forest = sound;
      const auto root = static_cast<std::uint32_t>(forest.nodes.size());
      forest.offsets.insert(forest.offsets.begin() + 15, root);
      forest.nodes.insert(forest.nodes.end(), {{1, 8, 2, 1}, node, leaf(1)});
      expect_error(forest, words, 100, samples);
    }
  }
}

TEST_P(ErrorsTreeTest, OneOffsetOutsideInALargeForest) {
  Random random(3);
  Forest forest = random_forest(random, 30, 2, 8);
  forest.offsets[20] = static_cast<std::uint32_t>(forest.nodes.size());
  expect_error(forest, kOffset, 8, small_samples(random, 6000));
}

TEST_P(ErrorsTreeTest, OneEdgeTooManyForManyRows) {
  for (const std::uint32_t edges : {1U, 65U, 1200U}) {
    SCOPED_TRACE(edges);
    std::vector<float> samples(2000, 1);  // right, back to the root: a cycle
    samples[1000] = -1;
    expect_error(chain(edges, 1), kDepth, kHuge, samples, 1);
    expect_error(chain(edges, 1), kDepth, edges - 1, std::vector<float>(2000, -1), 1);
  }
}

TEST_P(ErrorsTreeTest, RowsWithoutFeatures) {
  const DeviceMemory samples = upload(stream(), std::vector<float>());
  const DeviceMemory nodes = upload(stream(), std::vector<Node>{{0, 0, 1, 1}, leaf(1)});
  const DeviceMemory offsets = upload(stream(), std::vector<std::uint32_t>{0});
  for (const std::uint32_t rows : {1U, 9U, 3000U}) {
    expect_kernel_error(stream(), rows, kFeature, [&](Buffer& output) {
      return stream().batch_predict({rows, 0, 1, 4}, *samples, *nodes, *offsets, output);
    });
  }
}

// Bytes without sense: any outcome but a crash, a hang or a write outside.
TEST_P(ErrorsTreeTest, RandomBytes) {
  for (std::uint32_t seed = 300; seed < 500; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    std::vector<Node> nodes(1 + random.below(50));
    for (Node& node : nodes) {
      node = {static_cast<std::int32_t>(random.below(4)) - 1, random.uniform(-1, 1), random.below(60),
              random.below(60)};
      if (random.below(20) == 0) node = {static_cast<std::int32_t>(random.bits()), 0, random.bits(), random.bits()};
    }
    const DeviceMemory samples = upload(stream(), random.floats(30, -1, 1));
    const DeviceMemory device_nodes = upload(stream(), nodes);
    const DeviceMemory offsets = upload(stream(), random.indices(5, 50));
    const DeviceMemory output = upload(stream(), std::vector<std::byte>(40 + kGuardBytes, kGuard));
    const auto error =
        outcome(stream(), stream().batch_predict({10, 3, 5, 30}, *samples, *device_nodes, *offsets, *output));
    if (error) {
      EXPECT_EQ(error->code, GpuErrorCode::kernel_error) << error->message;
    }
    ASSERT_EQ(output.read(40, kGuardBytes), std::vector<std::byte>(kGuardBytes, kGuard));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ErrorsTreeTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
