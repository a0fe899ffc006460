// Backends without devices behind them, to test which one a choice means.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host::test {

class FakeDevice final : public Device {
 public:
  explicit FakeDevice(DeviceInfo info) : info_(std::move(info)) {}
  [[nodiscard]] const DeviceInfo& info() const override { return info_; }
  [[nodiscard]] GpuResult<std::unique_ptr<Stream>> create_stream(const StreamOptions& /*options*/) override {
    return gpu_error(GpuErrorCode::device_unavailable, "a fake");
  }

 private:
  DeviceInfo info_;
};

class FakeBackend final : public Backend {
 public:
  explicit FakeBackend(std::string name) : name_(std::move(name)) {}

  // A device that is listed as usable; where `open_fails` has a text, it fails to open.
  FakeBackend& with_device(const std::string& device_name, bool is_hardware, const std::string& open_fails = {}) {
    const DeviceInfo info{device_name, name_, 1, is_hardware, ""};
    entries_.push_back({name_, static_cast<std::uint32_t>(entries_.size()), info, ""});
    open_fails_.push_back(open_fails);
    return *this;
  }

  FakeBackend& without_hardware() {
    may_have_hardware_ = false;
    return *this;
  }

  FakeBackend& with_unusable(const std::string& reason) {
    entries_.push_back({name_, static_cast<std::uint32_t>(entries_.size()), std::nullopt, reason});
    open_fails_.push_back(reason);
    return *this;
  }

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] bool may_have_hardware() const override { return may_have_hardware_; }
  [[nodiscard]] std::vector<DeviceEntry> devices() override {
    ++times_listed_;
    return entries_;
  }
  [[nodiscard]] int times_listed() const { return times_listed_; }
  [[nodiscard]] GpuResult<std::shared_ptr<Device>> open(std::uint32_t index) override {
    if (!open_fails_.at(index).empty()) return gpu_error(GpuErrorCode::device_unavailable, open_fails_[index]);
    return std::make_shared<FakeDevice>(*entries_[index].info);
  }

 private:
  std::string name_;
  bool may_have_hardware_ = true;
  int times_listed_ = 0;
  std::vector<DeviceEntry> entries_;
  std::vector<std::string> open_fails_;
};

}  // namespace gpu_host::test
