// The CUDA backend: NVIDIA's GPUs from compute capability 8.0 on.
#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host {

namespace cuda {
class CudaDevice;
}

class CudaBackend final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "cuda"; }
  [[nodiscard]] bool may_have_hardware() const override;
  [[nodiscard]] std::vector<DeviceEntry> devices() override;
  void describe(DeviceEntry& entry) override;
  [[nodiscard]] GpuResult<std::shared_ptr<Device>> open(std::uint32_t index) override;

 private:
  // One each, for good: what it knows of a loss must not be forgotten.
  std::mutex mutex_;
  std::vector<std::shared_ptr<cuda::CudaDevice>> opened_;
};

}  // namespace gpu_host
