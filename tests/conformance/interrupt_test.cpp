// Work that would take minutes on a slow device ends soon once an interrupt is
// requested; a fast device may finish it instead. Without that these tests run
// into the time limit of the test runner.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/forest_data.hpp"

namespace gpu_host::conformance {
namespace {

constexpr std::uint32_t kSide = 3000;
constexpr MatmulParams kLongMatmul{kSide, kSide, kSide, false, false, 1, 0};

class InterruptTest : public ConformanceTest {
 protected:
  void expect_usable_device() {
    const auto other = new_stream();
    const DeviceMemory input = upload(*other, std::vector<float>(1000, 2.0F));
    const auto got = run_kernel<float>(*other, 1000, [&](Buffer& output) {
      return other->elementwise({1000, ElementwiseOp::mul}, *input, &*input, output);
    });
    EXPECT_THAT(got, testing::Each(4.0F));
  }
};

TEST_P(InterruptTest, RequestedBeforehand) {
  Interrupt interrupt;
  {
    const auto interrupted = new_stream(&interrupt);
    const DeviceMemory a(*interrupted, std::uint64_t{kSide} * kSide * 4);
    const DeviceMemory b(*interrupted, std::uint64_t{kSide} * kSide * 4);
    const DeviceMemory c(*interrupted, std::uint64_t{kSide} * kSide * 4);
    interrupt.request();
    for (int i = 0; i < 10; ++i) {
      const auto error = outcome(*interrupted, interrupted->matmul(kLongMatmul, *a, *b, *c));
      if (error) {
        EXPECT_NE(error->message, "");
      }
    }
  }
  expect_usable_device();
}

TEST_P(InterruptTest, RequestedWhileWorkRuns) {
  Interrupt interrupt;
  {
    const auto interrupted = new_stream(&interrupt);
    const DeviceMemory a(*interrupted, std::uint64_t{kSide} * kSide * 4);
    const DeviceMemory b(*interrupted, std::uint64_t{kSide} * kSide * 4);
    const DeviceMemory c(*interrupted, std::uint64_t{kSide} * kSide * 4);
    const std::jthread watchdog([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      interrupt.request();
    });
    while (!interrupt.requested()) {
      if (outcome(*interrupted, interrupted->matmul(kLongMatmul, *a, *b, *c))) {
        EXPECT_TRUE(interrupt.requested()) << "an error without a cause";
      }
    }
  }
  expect_usable_device();
}

// Every other kernel on as much as fits, one after the other.
TEST_P(InterruptTest, EndsEveryKernel) {
  constexpr std::uint32_t kCount = 1 << 22;
  Interrupt interrupt;
  {
    const auto interrupted = new_stream(&interrupt);
    const DeviceMemory values(*interrupted, std::uint64_t{kCount} * 4);
    const DeviceMemory output(*interrupted, std::uint64_t{kCount} * 4);
    const Forest forest = chain(20'000, 1);
    const DeviceMemory nodes = upload(*interrupted, forest.nodes);
    const DeviceMemory offsets = upload(*interrupted, std::vector<std::uint32_t>(1000, 0));
    interrupt.request();
    const std::optional<GpuError> errors[] = {
        outcome(*interrupted,
                interrupted->find_split({kCount, 1, 0, kCount}, kCount, *values, *values, *values, *values, *output)),
        outcome(*interrupted,
                interrupted->batch_predict({kCount, 1, 1000, 20'000}, *values, *nodes, *offsets, *output)),
        outcome(*interrupted, interrupted->average({64, kCount / 64}, *values, *output)),
        outcome(*interrupted, interrupted->bootstrap_sample({kCount, 1, kCount}, *output)),
        outcome(*interrupted, interrupted->elementwise({kCount, ElementwiseOp::exp}, *values, nullptr, *output)),
        outcome(*interrupted, interrupted->reduce({kCount, ReduceOp::variance}, *values, *output)),
    };
    for (const std::optional<GpuError>& error : errors) {
      if (error) {
        EXPECT_NE(error->message, "");
      }
    }
  }
  expect_usable_device();
}

TEST_P(InterruptTest, NotRequestedChangesNothing) {
  const Interrupt interrupt;
  const auto watched = new_stream(&interrupt);
  const DeviceMemory input = upload(*watched, std::vector<float>(100'000, 0.5F));
  const auto got = run_kernel<float>(
      *watched, 1, [&](Buffer& output) { return watched->reduce({100'000, ReduceOp::sum}, *input, output); });
  EXPECT_EQ(got[0], 50'000.0F);
}

INSTANTIATE_TEST_SUITE_P(Backends, InterruptTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
