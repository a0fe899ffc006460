#include "conformance/conformance.hpp"

#include <cstdlib>
#include <map>
#include <sstream>
#include <stdexcept>

#include "backend/registry.hpp"

namespace gpu_host::conformance {
namespace {

struct Opened {
  std::shared_ptr<Device> device;  // null: not usable
  std::string reason;
};

Opened open_first_usable(Backend& backend) {
  std::string reasons;
  for (const DeviceEntry& entry : backend.devices()) {
    std::string reason = entry.reason;
    if (entry.info) {
      GpuResult<std::shared_ptr<Device>> device = backend.open(entry.index);
      if (device) return {*device, {}};
      reason = device.error().message;
    }
    reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  return {nullptr, reasons};
}

// Opened once per process: a device can take long to start.
const Opened& opened(const std::string& name) {
  static std::map<std::string, Opened> cache;
  if (const auto found = cache.find(name); found != cache.end()) return found->second;
  for (Backend* backend : all_backends()) {
    if (backend->name() == name) return cache.emplace(name, open_first_usable(*backend)).first->second;
  }
  throw std::logic_error("no backend is called " + name);
}

bool is_required(const std::string& name) {
  const char* required = std::getenv("WGH_REQUIRE_BACKENDS");
  if (required == nullptr) return false;
  std::istringstream names(required);
  for (std::string one; std::getline(names, one, ',');) {
    if (one == name) return true;
  }
  return false;
}

}  // namespace

void ConformanceTest::SetUp() {
  const Opened& found = opened(GetParam());
  if (found.device == nullptr) {
    ASSERT_FALSE(is_required(GetParam())) << GetParam() << " is required: " << found.reason;
    EXPECT_NE(found.reason, "") << "a backend must say why it cannot be used";
    GTEST_SKIP() << GetParam() << ": " << found.reason;
  }
  device_ = found.device;
  stream_ = new_stream();
}

std::unique_ptr<Stream> ConformanceTest::new_stream(const Interrupt* interrupt) {
  GpuResult<std::unique_ptr<Stream>> stream = device_->create_stream({.interrupt = interrupt});
  if (!stream) throw std::runtime_error("create_stream: " + stream.error().message);
  return std::move(*stream);
}

std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (Backend* backend : all_backends()) names.emplace_back(backend->name());
  return names;
}

std::string backend_test_name(const testing::TestParamInfo<std::string>& info) { return info.param; }

}  // namespace gpu_host::conformance
