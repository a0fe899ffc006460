// The backends of the registry, as parameters of tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host::test {

struct UsableDevice {
  std::shared_ptr<Device> device;  // null: not usable
  std::string reason;
};

// The backend's first device that opens. Opened once per process: a device can take
// long to start.
[[nodiscard]] const UsableDevice& usable_device(const std::string& backend);

[[nodiscard]] std::vector<std::string> backend_names();
[[nodiscard]] std::string backend_test_name(const testing::TestParamInfo<std::string>& info);

}  // namespace gpu_host::test
