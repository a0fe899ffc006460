#include <gtest/gtest.h>

#include <limits>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/random.hpp"
#include "conformance/reference.hpp"
#include "conformance/values.hpp"

namespace gpu_host::conformance {
namespace {

class AverageTest : public ConformanceTest {
 protected:
  void check(const AverageParams& params, const std::vector<float>& predictions) {
    SCOPED_TRACE(testing::Message() << params.n_samples << " samples of " << params.n_trees << " trees");
    const DeviceMemory input = upload(stream(), predictions);
    const auto got = run_kernel<float>(stream(), params.n_samples,
                                       [&](Buffer& output) { return stream().average(params, *input, output); });
    expect_all_close(got, reference_average(params, predictions), tolerance::kSum);
  }
};

TEST_P(AverageTest, EveryShape) {
  Random random(1);
  for (const std::uint32_t trees : small_counts()) {
    for (const std::uint32_t samples : {1U, 2U, 3U, 63U, 64U, 65U, 257U}) {
      check({trees, samples}, random.floats(std::size_t{trees} * samples, -10, 10));
    }
  }
}

TEST_P(AverageTest, ManyOfEither) {
  Random random(2);
  check({1'000'003, 1}, random.floats(1'000'003, -1, 1));
  check({65'537, 3}, random.floats(std::size_t{65'537} * 3, 0, 1));
  check({3, 65'537}, random.floats(std::size_t{65'537} * 3, 0, 1));
  check({1, 1'000'003}, random.floats(1'000'003, -1, 1));
}

TEST_P(AverageTest, NoSamples) {
  check({1, 0}, {});
  check({std::numeric_limits<std::uint32_t>::max(), 0}, {});
}

TEST_P(AverageTest, CancellationAndOffsets) {
  Random random(3);
  for (const float offset : {1e6F, -1e6F, 1e20F}) {
    std::vector<float> values = random.floats(1000, -1, 1);
    for (float& value : values) value += offset;
    check({100, 10}, values);
    for (std::size_t i = 1; i < values.size(); i += 2) values[i] = -values[i - 1];
    check({100, 10}, values);
  }
}

TEST_P(AverageTest, NanAndInfinity) {
  check({3, 6}, {1, kNan, 2,                //
                 kInfinity, 1, 2,           //
                 -kInfinity, 1, -2,         //
                 kInfinity, -kInfinity, 1,  //
                 kInfinity, kNan, 1,        //
                 1, 2, 3});
}

TEST_P(AverageTest, SumsThatOverflowHaveMeans) {
  check({2, 2}, {kLargest, kLargest, -kLargest, -kLargest});
  check({4, 1}, {kLargest, kLargest, -kLargest, kLargest});
}

INSTANTIATE_TEST_SUITE_P(Backends, AverageTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
