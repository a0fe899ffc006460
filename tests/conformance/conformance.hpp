// The fixture of the suite: each test runs once per backend of the registry, on
// the backend's first usable device.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host::conformance {

// The suite's parameter: a backend's name.
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

[[nodiscard]] std::vector<std::string> backend_names();
[[nodiscard]] std::string backend_test_name(const testing::TestParamInfo<std::string>& info);

}  // namespace gpu_host::conformance
