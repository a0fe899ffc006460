// Tests of the CUDA backend on the fake driver, which fails as it is told to.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <span>

#include "backend/cuda/cuda_device.hpp"
#include "backend/cuda/found_devices.hpp"
#include "fake/fake_cuda.hpp"

namespace gpu_host::cuda {

class CudaTest : public testing::Test {
 protected:
  void SetUp() override {
    // Before the driver starts.
    (void)unsetenv("CUDA_VISIBLE_DEVICES");
    (void)setenv("FAKE_CUDA_DEVICES", "2", 1);
    const auto& found = found_devices();
    ASSERT_TRUE(found.has_value()) << found.error().message;
    ASSERT_NE(fake_cuda::control(), nullptr) << "libcuda.so.1 is not the fake one";
    fake().heal();
    ASSERT_EQ(found->size(), 2U);
    ASSERT_TRUE(found->front().entry.info.has_value()) << found->front().entry.reason;
    before_ = fake().live();
    device_ = new_device(0);
  }

  // Whatever failed: all was given back, and nothing twice.
  void TearDown() override {
    if (device_ == nullptr) return;
    fake().heal();
    device_.reset();
    const fake_cuda::Live after = fake().live();
    EXPECT_EQ(after.contexts, before_.contexts);
    EXPECT_EQ(after.modules, before_.modules);
    EXPECT_EQ(after.pools, before_.pools);
    EXPECT_EQ(after.streams, before_.streams);
    EXPECT_EQ(after.events, before_.events);
    EXPECT_EQ(after.pinned, before_.pinned);
    EXPECT_EQ(after.allocations, before_.allocations);
    EXPECT_EQ(after.misuses, before_.misuses);
  }

  [[nodiscard]] static const fake_cuda::Control& fake() { return *fake_cuda::control(); }

  [[nodiscard]] static std::unique_ptr<CudaDevice> new_device(std::size_t index) {
    const FoundDevice& found = found_devices()->at(index);
    return std::make_unique<CudaDevice>(found.device, *found.entry.info, found.limits);
  }
  [[nodiscard]] CudaDevice& device() { return *device_; }
  void drop_device() { device_.reset(); }

  [[nodiscard]] std::unique_ptr<Stream> new_stream(const StreamOptions& options = {}) {
    auto stream = device_->create_stream(options);
    EXPECT_TRUE(stream.has_value()) << stream.error().message;
    return stream ? *std::move(stream) : nullptr;
  }

  template <class Result>
  static void expect_error(const Result& result, GpuErrorCode code, const char* text) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, code) << result.error().message;
    EXPECT_THAT(result.error().message, testing::HasSubstr(text));
  }

  static GpuResult<float> read_float(Stream& stream, const Buffer& buffer) {
    float value = 0;
    auto read = stream.read(buffer, 0, sizeof(value), [&value]() -> GpuResult<std::span<std::byte>> {
      return std::as_writable_bytes(std::span(&value, 1));
    });
    if (!read) return std::unexpected(std::move(read.error()));
    return value;
  }

 private:
  fake_cuda::Live before_{};
  std::unique_ptr<CudaDevice> device_;
};

}  // namespace gpu_host::cuda
