// A backend of the contract that this build lacks: it is listed, and says so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host {

class AbsentBackend final : public Backend {
 public:
  explicit AbsentBackend(std::string name) : name_(std::move(name)) {}

  [[nodiscard]] std::string_view name() const override { return name_; }

  [[nodiscard]] std::vector<DeviceEntry> devices() override {
    return {DeviceEntry{.backend = name_, .index = 0, .info = std::nullopt, .reason = reason()}};
  }

  [[nodiscard]] GpuResult<std::shared_ptr<Device>> open(std::uint32_t /*index*/) override {
    return gpu_error(GpuErrorCode::device_unavailable, reason());
  }

 private:
  [[nodiscard]] std::string reason() const { return "this build has no " + name_ + " backend"; }

  std::string name_;
};

}  // namespace gpu_host
