#include "common/backends.hpp"

#include <map>
#include <stdexcept>

#include "backend/registry.hpp"

namespace gpu_host::test {
namespace {

UsableDevice open_first_usable(Backend& backend) {
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

}  // namespace

const UsableDevice& usable_device(const std::string& backend) {
  static std::map<std::string, UsableDevice> cache;
  if (const auto found = cache.find(backend); found != cache.end()) return found->second;
  for (Backend* one : all_backends()) {
    if (one->name() == backend) return cache.emplace(backend, open_first_usable(*one)).first->second;
  }
  throw std::logic_error("no backend is called " + backend);
}

std::vector<std::string> backend_names() {
  std::vector<std::string> names;
  for (Backend* backend : all_backends()) names.emplace_back(backend->name());
  return names;
}

std::string backend_test_name(const testing::TestParamInfo<std::string>& info) { return info.param; }

}  // namespace gpu_host::test
