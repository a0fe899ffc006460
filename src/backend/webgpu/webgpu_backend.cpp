#include "backend/webgpu/webgpu_backend.hpp"

#include <glob.h>

#include <algorithm>
#include <string>
#include <utility>

#include "backend/webgpu/adapters.hpp"
#include "backend/webgpu/webgpu_device.hpp"

namespace gpu_host {
// To load the drivers and ask them takes tens of milliseconds, which programs that then
// run on the CPU need not pay.
bool WebGpuBackend::may_have_hardware() const {
  constexpr const char* kDeviceFiles[] = {"/dev/nvidia[0-9]*", "/dev/dri/renderD*", "/dev/dxg", "/dev/mali*",
                                          "/dev/kgsl-3d0"};
  return std::ranges::any_of(kDeviceFiles, [](const char* pattern) {
    glob_t found{};
    const bool any = glob(pattern, GLOB_NOSORT, nullptr, &found) == 0;
    globfree(&found);
    return any;
  });
}

std::vector<DeviceEntry> WebGpuBackend::devices() {
  const auto& found = webgpu::adapters();
  if (!found) return {DeviceEntry{.backend = "webgpu", .index = 0, .info = {}, .reason = found.error().message}};
  std::vector<DeviceEntry> entries;
  for (const webgpu::Adapter& adapter : *found) entries.push_back(adapter.entry);
  return entries;
}

GpuResult<std::shared_ptr<Device>> WebGpuBackend::open(std::uint32_t index) {
  const auto& found = webgpu::adapters();
  if (!found) return gpu_error(GpuErrorCode::device_unavailable, found.error().message);
  if (webgpu::are_of_another_process()) {
    return gpu_error(
        GpuErrorCode::device_unavailable,
        "webgpu was used before this process was forked, which drivers do not survive: start the process anew "
        "(in Python by multiprocessing's 'spawn' or 'forkserver')");
  }
  if (index >= found->size()) {
    return gpu_error(GpuErrorCode::device_unavailable,
                     "webgpu has no device " + std::to_string(index) + ": there are " + std::to_string(found->size()));
  }
  const webgpu::Adapter& adapter = (*found)[index];
  if (!adapter.entry.info) return gpu_error(GpuErrorCode::device_unavailable, adapter.entry.reason);

  const std::scoped_lock lock(mutex_);
  opened_.resize(found->size());
  auto& device = opened_[index];
  if (device && !device->is_lost()) return device;
  auto opened = webgpu::open_device(adapter);
  if (!opened) return std::unexpected(std::move(opened.error()));
  device = std::make_shared<webgpu::WebGpuDevice>(adapter, *std::move(opened));
  return device;
}

}  // namespace gpu_host
