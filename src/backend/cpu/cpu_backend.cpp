#include "backend/cpu/cpu_backend.hpp"

#include <string>
#include <utility>

#include "backend/cpu/cpu_info.hpp"
#include "backend/cpu/cpu_stream.hpp"

namespace gpu_host {
namespace {

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(DeviceInfo info) : info_(std::move(info)) {}

  [[nodiscard]] const DeviceInfo& info() const override { return info_; }

  [[nodiscard]] GpuResult<std::unique_ptr<Stream>> create_stream(const StreamOptions& options) override {
    return std::make_unique<cpu::CpuStream>(options, info_.total_memory);
  }

 private:
  DeviceInfo info_;
};

// Read once: it takes longer than to make the rest of an instance.
const DeviceInfo& this_cpu() {
  static const DeviceInfo info = cpu::cpu_info();
  return info;
}

}  // namespace

std::vector<DeviceEntry> CpuBackend::devices() {
  return {DeviceEntry{.backend = "cpu", .index = 0, .info = this_cpu(), .reason = {}}};
}

GpuResult<std::shared_ptr<Device>> CpuBackend::open(std::uint32_t index) {
  if (index != 0) {
    return gpu_error(GpuErrorCode::device_unavailable,
                     "cpu has no device " + std::to_string(index) + ": there is one, device 0");
  }
  return std::make_shared<CpuDevice>(this_cpu());
}

}  // namespace gpu_host
