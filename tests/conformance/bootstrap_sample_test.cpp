#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/random.hpp"
#include "conformance/reference.hpp"

namespace gpu_host::conformance {
namespace {

class BootstrapSampleTest : public ConformanceTest {
 protected:
  void check(const BootstrapParams& params) {
    SCOPED_TRACE(testing::Message() << params.n_samples << " samples, seed " << params.seed << ", below "
                                    << params.max_index);
    const auto got = run_kernel<std::uint32_t>(
        stream(), params.n_samples, [&](Buffer& output) { return stream().bootstrap_sample(params, output); });
    EXPECT_TRUE(got == reference_bootstrap_sample(params));
  }
};

TEST_P(BootstrapSampleTest, EveryCount) {
  check({0, 1, 10});
  for (const std::uint32_t count : all_counts()) check({count, 42, count});
}

TEST_P(BootstrapSampleTest, SeedsAndLimitsAtTheirEnds) {
  for (const std::uint32_t seed : {0U, 1U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
    for (const std::uint32_t limit : {1U, 2U, 3U, 65'536U, 0x80000000U, 0xffffffffU}) check({300, seed, limit});
  }
}

// 32-bit arithmetic wraps wherever it can.
TEST_P(BootstrapSampleTest, RandomParameters) {
  Random random(7);
  for (int i = 0; i < 100; ++i) check({1 + random.below(500), random.bits(), 1 + random.below(0xffffffff)});
}

TEST_P(BootstrapSampleTest, StaysBelowTheLimit) {
  const auto got = run_kernel<std::uint32_t>(stream(), 10'000, [&](Buffer& output) {
    return stream().bootstrap_sample({.n_samples = 10'000, .seed = 3, .max_index = 7}, output);
  });
  EXPECT_THAT(got, testing::Each(testing::Lt(7U)));
}

INSTANTIATE_TEST_SUITE_P(Backends, BootstrapSampleTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
