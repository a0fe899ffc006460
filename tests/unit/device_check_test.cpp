#include "diagnosis/device_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <memory>

#include "backend/cpu/cpu_backend.hpp"
#include "fake_backend.hpp"

namespace gpu_host {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Optional;

class DeviceCheck : public testing::Test {
 protected:
  static std::vector<KernelOutput> outputs_of_cpu() {
    CpuBackend cpu;
    const auto device = cpu.open(0);
    EXPECT_TRUE(device.has_value());
    return run_kernels(**device);
  }
  // The 4 bytes of an element of a kernel's output.
  template <class T>
  static void set(KernelOutput& output, std::size_t element, T value) {
    std::memcpy(output.bytes->data() + 4 * element, &value, sizeof value);
  }

  std::vector<KernelOutput> expected_ = outputs_of_cpu();
  std::vector<KernelOutput> outputs_ = expected_;
};

TEST_F(DeviceCheck, RunsEveryKernel) {
  EXPECT_THAT(
      expected_,
      ElementsAre(Field(&KernelOutput::kernel, "kernel-bootstrap-sample"),
                  Field(&KernelOutput::kernel, "kernel-find-split"), Field(&KernelOutput::kernel, "kernel-average"),
                  Field(&KernelOutput::kernel, "kernel-matmul"), Field(&KernelOutput::kernel, "kernel-elementwise"),
                  Field(&KernelOutput::kernel, "kernel-reduce"), Field(&KernelOutput::kernel, "kernel-batch-predict")));
  for (const KernelOutput& output : expected_) {
    ASSERT_TRUE(output.bytes.has_value()) << output.kernel << ": " << describe(output.bytes.error());
    EXPECT_NE(*output.bytes, std::vector<std::byte>(output.bytes->size())) << output.kernel << " gives zeros";
  }
}

TEST_F(DeviceCheck, SameOutputsAreRight) { EXPECT_EQ(find_difference(outputs_of_cpu(), expected_), std::nullopt); }

TEST_F(DeviceCheck, NumbersMayBeALittleOff) {
  float value = 0;
  std::memcpy(&value, outputs_[3].bytes->data(), sizeof value);
  set(outputs_[3], 0, value + 1e-5F);
  EXPECT_EQ(find_difference(outputs_, expected_), std::nullopt);
  set(outputs_[3], 0, value + 1);
  EXPECT_THAT(find_difference(outputs_, expected_),
              Optional(HasSubstr("kernel-matmul computes something else: element 0 is")));
}

TEST_F(DeviceCheck, IntegersMayNot) {
  std::uint32_t value = 0;
  std::memcpy(&value, outputs_[0].bytes->data() + 4, sizeof value);
  set(outputs_[0], 1, value ^ 1U);
  EXPECT_THAT(find_difference(outputs_, expected_),
              Optional(HasSubstr("kernel-bootstrap-sample computes something else: element 1 is")));
}

TEST_F(DeviceCheck, WhatIsNoNumberIsWrong) {
  for (const float no_number : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    set(outputs_[6], 7, no_number);
    EXPECT_THAT(find_difference(outputs_, expected_),
                Optional(HasSubstr("kernel-batch-predict computes something else: element 7")));
  }
}

TEST_F(DeviceCheck, FirstFailureIsNamed) {
  outputs_[4].bytes = gpu_error(GpuErrorCode::device_unavailable, "it is gone");
  outputs_[5].bytes = gpu_error(GpuErrorCode::device_unavailable, "still");
  EXPECT_EQ(find_difference(outputs_, expected_), "kernel-elementwise fails: device-unavailable: it is gone");
}

TEST_F(DeviceCheck, MatmulMayBeMissing) {
  EXPECT_EQ(take_missing_matmul(outputs_), std::nullopt);
  outputs_[3].bytes = gpu_error(GpuErrorCode::device_unavailable, "no cuBLAS");
  EXPECT_EQ(take_missing_matmul(outputs_), "no cuBLAS");
  EXPECT_EQ(outputs_.size(), expected_.size() - 1);
  EXPECT_EQ(find_difference(outputs_, expected_), std::nullopt);
  set(outputs_[5], 7, 1e9F);
  EXPECT_THAT(find_difference(outputs_, expected_), Optional(HasSubstr("kernel-batch-predict")));
}

TEST_F(DeviceCheck, MatmulThatFailsOtherwiseOrWithOthersIsNotTaken) {
  outputs_[3].bytes = gpu_error(GpuErrorCode::kernel_error, "wrong");
  EXPECT_EQ(take_missing_matmul(outputs_), std::nullopt);
  for (const std::size_t lost : {3, 4}) outputs_[lost].bytes = gpu_error(GpuErrorCode::device_unavailable, "lost");
  EXPECT_EQ(take_missing_matmul(outputs_), std::nullopt);
  EXPECT_EQ(outputs_.size(), expected_.size());
}

TEST_F(DeviceCheck, DeviceWithoutAStreamFailsEverything) {
  test::FakeDevice device({});
  const auto outputs = run_kernels(device);
  ASSERT_EQ(outputs.size(), expected_.size());
  EXPECT_THAT(find_difference(outputs, expected_),
              Optional(HasSubstr("kernel-bootstrap-sample fails: device-unavailable: a fake")));
}

}  // namespace
}  // namespace gpu_host
