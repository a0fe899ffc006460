// The backend that every machine has: one device, index 0.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host {

class CpuBackend final : public Backend {
 public:
  [[nodiscard]] std::string_view name() const override { return "cpu"; }
  [[nodiscard]] std::vector<DeviceEntry> devices() override;
  [[nodiscard]] GpuResult<std::shared_ptr<Device>> open(std::uint32_t index) override;
};

}  // namespace gpu_host
