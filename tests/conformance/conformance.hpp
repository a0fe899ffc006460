// The fixture of the suite: each test runs once per backend of the registry, on
// the backend's first usable device.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.hpp"
#include "common/backends.hpp"

namespace gpu_host::conformance {

// The suite's parameter: one of backend_names().
class ConformanceTest : public testing::TestWithParam<std::string> {
 protected:
  // Skips, with the reason, where the backend has no usable device; fails
  // instead where WGH_REQUIRE_BACKENDS (names, separated by commas) has it.
  void SetUp() override;

  [[nodiscard]] Device& device() { return *device_; }
  [[nodiscard]] Stream& stream() { return *stream_; }
  [[nodiscard]] std::unique_ptr<Stream> new_stream(const Interrupt* interrupt = nullptr);

 private:
  std::shared_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
};

// The backends, and those of GPUs once more as if a device did little at a time, and
// webgpu's bound little and had no subgroups: all that is cut into pieces there is cut.
[[nodiscard]] std::vector<std::string> backend_names();
inline constexpr const char* kWebGpuInPieces = "webgpu_in_pieces";
inline constexpr const char* kCudaInPieces = "cuda_in_pieces";
using test::backend_test_name;

}  // namespace gpu_host::conformance
