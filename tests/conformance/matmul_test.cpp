#include <gtest/gtest.h>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/random.hpp"
#include "conformance/reference.hpp"
#include "conformance/values.hpp"

namespace gpu_host::conformance {
namespace {

class MatmulTest : public ConformanceTest {
 protected:
  void check(const MatmulParams& params, const std::vector<float>& a, const std::vector<float>& b,
             const std::vector<float>& c) {
    SCOPED_TRACE(testing::Message() << params.m << " x " << params.k << " x " << params.n << ", transposed "
                                    << params.trans_a << params.trans_b << ", alpha " << params.alpha << ", beta "
                                    << params.beta);
    const DeviceMemory device_a = upload(stream(), a);
    const DeviceMemory device_b = upload(stream(), b);
    const auto got = run_kernel<float>(stream(), c.size(), [&](Buffer& output) -> GpuResult<void> {
      const GpuResult<void> written = stream().write(output, 0, std::as_bytes(std::span(c)));
      return written ? stream().matmul(params, *device_a, *device_b, output) : written;
    });
    const Tolerance tolerance{.of_magnitude = tolerance::kMatmulUnit * (static_cast<double>(params.k) + 4)};
    expect_all_close(got, reference_matmul(params, a, b, c, device().matmul_is_tf32()), tolerance);
  }

  void check_random(const MatmulParams& params, std::uint32_t seed, float low = -1) {
    Random random(seed);
    const std::size_t m = params.m;
    const auto a = random.floats(m * params.k, low, 1);
    const auto b = random.floats(std::size_t{params.k} * params.n, low, 1);
    // With beta = 0 what lies in c must not matter.
    check(params, a, b, params.beta == 0 ? std::vector<float>(m * params.n, kNan) : random.floats(m * params.n, -1, 1));
  }
};

TEST_P(MatmulTest, EveryTransposeAlphaAndBeta) {
  for (const bool trans_a : {false, true}) {
    for (const bool trans_b : {false, true}) {
      for (const float alpha : {1.0F, 0.0F, -0.5F, 3.0F}) {
        for (const float beta : {0.0F, 1.0F, -0.5F}) check_random({7, 13, 5, trans_a, trans_b, alpha, beta}, 1);
      }
    }
  }
}

TEST_P(MatmulTest, EveryShape) {
  std::uint32_t seed = 100;
  for (const std::uint32_t m : {1U, 2U, 3U, 17U, 64U, 65U}) {
    for (const std::uint32_t k : {1U, 2U, 3U, 16U, 33U}) {
      for (const std::uint32_t n : {1U, 2U, 3U, 31U, 64U, 65U}) {
        ++seed;
        check_random({m, k, n, (seed & 1) != 0, (seed & 2) != 0, 1, seed % 3 == 0 ? 1.0F : 0.0F}, seed);
      }
    }
  }
}

TEST_P(MatmulTest, LongThinAndLarge) {
  for (const bool transposed : {false, true}) {
    check_random({1, 65'537, 1, transposed, !transposed, 1, 0}, 2);
    check_random({2, 20'000, 3, transposed, transposed, 2, 1}, 3, 0);  // sums of positives: errors add up
    check_random({65'537, 2, 1, transposed, transposed, 1, 0}, 4);
    check_random({1, 3, 65'537, transposed, transposed, 1, 0}, 5);
    check_random({150, 129, 131, transposed, !transposed, 1, -1}, 6);
  }
}

// As many outputs as devices cut into large tiles, and so few sums that they cut those.
TEST_P(MatmulTest, ManyOutputsOrFewLongSums) {
  for (const bool trans_a : {false, true}) {
    for (const bool trans_b : {false, true}) {
      check_random({1000, 21, 905, trans_a, trans_b, 1, 0}, 7);
      check_random({40, 5000, 40, trans_a, trans_b, 2, 1}, 8);
    }
  }
  check_random({1024, 20, 1024, false, false, -1, 0.5F}, 9);
}

TEST_P(MatmulTest, RandomShapes) {
  Random random(9);
  for (std::uint32_t seed = 1000; seed < 1060; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const std::uint32_t flags = random.bits();
    check_random({1 + random.below(40), 1 + random.below(40), 1 + random.below(40), (flags & 1) != 0, (flags & 2) != 0,
                  random.uniform(-2, 2), (flags & 4) != 0 ? random.uniform(-2, 2) : 0},
                 seed);
  }
}

TEST_P(MatmulTest, NothingToSumLeavesBetaTimesC) {
  Random random(10);
  for (const float beta : {0.0F, 1.0F, -0.5F}) check_random({5, 0, 7, false, false, 1, beta}, 11);
  check_random({5, 0, 7, true, true, 2, 0}, 12);
}

TEST_P(MatmulTest, NoOutputDoesNothing) {
  check({0, 3, 2, false, false, 1, 0}, {}, {1, 2, 3, 4, 5, 6}, {});
  check({2, 3, 0, false, false, 1, 1}, {1, 2, 3, 4, 5, 6}, {}, {});
  check({0, 0, 0, true, true, 1, 1}, {}, {}, {});
  check({0, 0, kHuge, false, true, 1, 1}, {}, {}, {});
  check({kHuge, 0, 0, false, true, 1, 0}, {}, {}, {});
  check({0, kHuge, 0, true, false, 1, 0}, {}, {}, {});
}

TEST_P(MatmulTest, InputsMayBeTheSameBuffer) {
  const std::vector<float> values = Random(13).floats(25 * 25, -1, 1);
  const DeviceMemory both = upload(stream(), values);
  const MatmulParams params{25, 25, 25, false, true, 1, 0};
  const auto got = run_kernel<float>(stream(), values.size(),
                                     [&](Buffer& output) { return stream().matmul(params, *both, *both, output); });
  expect_all_close(got, reference_matmul(params, values, values, values, device().matmul_is_tf32()),
                   {.of_magnitude = tolerance::kMatmulUnit * 29});
}

TEST_P(MatmulTest, NanAndInfinityFollowTheFormula) {
  // Rows of a: NaN, inf, inf against 0, opposite infinities, numbers.
  const std::vector<float> a = {kNan, 1, kInfinity, 1, kInfinity, 0, kInfinity, -kInfinity, 2, 3};
  const std::vector<float> b = {1, 0, 2, 1, 1, 4};
  check({5, 2, 3, false, false, 1, 0}, a, b, std::vector<float>(15, kNan));
  check({5, 2, 3, false, false, -2, 1}, a, b, std::vector<float>(15, 1));
  check({2, 1, 2, false, false, 1, 1}, {1, 2}, {3, 4}, {kNan, kInfinity, -kInfinity, 1});
}

INSTANTIATE_TEST_SUITE_P(Backends, MatmulTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
