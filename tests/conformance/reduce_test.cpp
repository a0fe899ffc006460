#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/random.hpp"
#include "conformance/reference.hpp"
#include "conformance/values.hpp"

namespace gpu_host::conformance {
namespace {

using Floats = std::vector<float>;

constexpr ReduceOp kOps[] = {ReduceOp::sum, ReduceOp::max, ReduceOp::min, ReduceOp::mean, ReduceOp::variance};
constexpr const char* kNames[] = {"sum", "max", "min", "mean", "variance"};

Tolerance tolerance_of(ReduceOp op) {
  if (op == ReduceOp::max || op == ReduceOp::min) return tolerance::kExact;
  return op == ReduceOp::variance ? tolerance::kVariance : tolerance::kSum;
}

class ReduceTest : public ConformanceTest {
 protected:
  void check(ReduceOp op, const Floats& values, const DeviceMemory& input) {
    SCOPED_TRACE(testing::Message() << kNames[static_cast<std::size_t>(op)] << " of " << values.size());
    const ReduceParams params{static_cast<std::uint32_t>(values.size()), op};
    const Floats got =
        run_kernel<float>(stream(), 1, [&](Buffer& output) { return stream().reduce(params, *input, output); });
    expect_close(got[0], reference_reduce(op, values), tolerance_of(op));
  }

  void check_all(const Floats& values) {
    const DeviceMemory input = upload(stream(), values);
    for (const ReduceOp op : kOps) check(op, values, input);
  }
};

TEST_P(ReduceTest, EveryCount) {
  Random random(1);
  for (const std::uint32_t count : all_counts()) {
    check_all(random.floats(count, -1, 1));
    check_all(random.floats(count, 3, 5));
    check_all(random.floats(count, -5, -3));
  }
}

TEST_P(ReduceTest, SumOfNothingIsZero) { check(ReduceOp::sum, {}, upload(stream(), Floats{kNan})); }

TEST_P(ReduceTest, OnlyTheCountedElements) {
  const DeviceMemory input = upload(stream(), Floats{1, 2, 3, kNan, kInfinity});
  for (const ReduceOp op : kOps) check(op, {1, 2, 3}, input);
}

TEST_P(ReduceTest, TheExtremesAtEveryPosition) {
  for (const std::uint32_t count : {1U, 2U, 5U, 64U, 65U, 257U}) {
    for (std::uint32_t i = 0; i < count; ++i) {
      Floats values = Random(i).floats(count, -1, 1);
      values[i] = i % 2 == 0 ? 9.0F : -9.0F;
      check_all(values);
    }
  }
}

TEST_P(ReduceTest, NanAtEveryPosition) {
  for (const std::uint32_t count : {1U, 2U, 5U, 64U, 65U}) {
    for (std::uint32_t i = 0; i < count; ++i) {
      Floats values = Random(i).floats(count, -1, 1);
      values[i] = i % 2 == 0 ? kNan : -kNan;
      check_all(values);
      values[count - 1 - i] = kInfinity;
      check_all(values);
    }
  }
  Floats many(1'000'003, 1);
  for (const std::size_t i : {0, 65'535, 65'536, 999'999, 1'000'002}) {
    many[i] = kNan;
    check_all(many);
    many[i] = 1;
  }
}

TEST_P(ReduceTest, InfinitiesAndZeros) {
  check_all({kInfinity});
  check_all({1, kInfinity, 2});
  check_all({1, -kInfinity, 2});
  check_all({kInfinity, 0, -kInfinity});
  check_all({-kInfinity, -kInfinity});
  check_all({0, -0.0F});
  check_all({-0.0F, -1, 0});
  check_all(Floats(1000, 0));
}

TEST_P(ReduceTest, OneElement) {
  for (const float value : {0.1F, -3e38F, 1e-30F, kLargest}) check_all({value});
}

TEST_P(ReduceTest, ConstantsHaveNoVariance) {
  for (const float value : {0.1F, 1e6F, -1e20F}) {
    for (const std::uint32_t count : small_counts()) check_all(Floats(count, value));
  }
}

TEST_P(ReduceTest, Cancellation) {
  for (std::uint32_t seed = 10; seed < 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    Floats values = random.floats(20'000, -1, 1);
    for (std::size_t i = 0; i < 10'000; ++i) {
      values[i] *= i % 100 == 0 ? 1e6F : 1;
      values[i + 10'000] = -values[i];
    }
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[random.below(static_cast<std::uint32_t>(i))]);
    }
    check_all(values);
  }
}

TEST_P(ReduceTest, VarianceWithALargeOffset) {
  Random random(3);
  for (const float offset : {1e6F, -1e6F, 1e7F}) {
    for (const std::uint32_t count : {2U, 10U, 1000U, 1'000'003U}) {
      Floats values = random.floats(count, 0, 20);
      for (float& value : values) value += offset;
      check_all(values);
    }
  }
  // Nothing like the rest comes first.
  Floats values = random.floats(1000, 0, 1);
  values[0] = 1e6F;
  check_all(values);
}

TEST_P(ReduceTest, SumsThatOverflow) {
  check_all({kLargest, kLargest});
  check_all({-kLargest, -kLargest, -kLargest});
  check_all({kLargest, kLargest, -kLargest, -kLargest});
  check_all({1e25F, -1e25F, 3e25F});
}

// An error that grew with n would be thousands of times the tolerance.
TEST_P(ReduceTest, TheErrorDoesNotGrowWithTheCount) {
  check_all(Floats(1 << 24, 0.1F));
  Floats values = Random(4).floats((1 << 22) + 1, 0, 1);
  values[0] = 1e7F;
  check_all(values);
}

INSTANTIATE_TEST_SUITE_P(Backends, ReduceTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
