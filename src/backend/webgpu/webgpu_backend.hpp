// The WebGPU backend: any GPU with Vulkan, through wgpu-native.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host {
namespace webgpu {
class WebGpuDevice;
}

class WebGpuBackend final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "webgpu"; }
  [[nodiscard]] bool may_have_hardware() const override;
  [[nodiscard]] std::vector<DeviceEntry> devices() override;
  [[nodiscard]] GpuResult<std::shared_ptr<Device>> open(std::uint32_t index) override;

 private:
  // Opened once, so that its pipelines are compiled once, and anew after it was lost.
  std::mutex mutex_;
  std::vector<std::shared_ptr<webgpu::WebGpuDevice>> opened_;
};

}  // namespace gpu_host
