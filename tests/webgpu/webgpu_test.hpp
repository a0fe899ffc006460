// The fixture: a device of the first usable adapter, for each test its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "backend/webgpu/webgpu_device.hpp"
#include "webgpu/shim.hpp"

namespace gpu_host::webgpu {

class WebGpuTest : public testing::Test {
 protected:
  // Skips, or fails where WGH_REQUIRE_BACKENDS has webgpu, with the reason.
  void SetUp() override;

  [[nodiscard]] WebGpuDevice& device() { return *device_; }
  [[nodiscard]] Gpu& gpu() { return device_->gpu(); }
  [[nodiscard]] std::unique_ptr<Stream> new_stream(const Interrupt* interrupt = nullptr);

  // Of all devices of the process.
  [[nodiscard]] static int submissions() { return counts().submissions; }
  [[nodiscard]] static int maps() { return counts().maps; }

 private:
  [[nodiscard]] static const ShimCounts& counts();

  std::unique_ptr<WebGpuDevice> device_;
};

}  // namespace gpu_host::webgpu
