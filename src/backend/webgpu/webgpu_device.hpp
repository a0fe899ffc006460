// An adapter that was opened, as the seam knows it.
#pragma once

#include <memory>
#include <utility>

#include "backend/backend.hpp"
#include "backend/webgpu/adapters.hpp"
#include "backend/webgpu/gpu.hpp"
#include "backend/webgpu/webgpu_stream.hpp"

namespace gpu_host::webgpu {

class WebGpuDevice final : public Device {
 public:
  WebGpuDevice(const Adapter& adapter, OpenedDevice opened)
      : info_(*adapter.entry.info), gpu_(adapter, std::move(opened)) {}

  [[nodiscard]] const DeviceInfo& info() const override { return info_; }
  [[nodiscard]] bool is_lost() const { return gpu_.health().is_lost(); }
  [[nodiscard]] Gpu& gpu() { return gpu_; }

  [[nodiscard]] GpuResult<std::unique_ptr<Stream>> create_stream(const StreamOptions& options) override {
    auto stream = std::make_unique<WebGpuStream>(gpu_, options);
    if (auto prepared = stream->prepare(); !prepared) return std::unexpected(std::move(prepared.error()));
    return stream;
  }

 private:
  DeviceInfo info_;
  Gpu gpu_;
};

}  // namespace gpu_host::webgpu
