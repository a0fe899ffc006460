#include "backend/cuda/cuda_backend.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string>

#include "backend/cuda/blas.hpp"
#include "backend/cuda/cuda_device.hpp"
#include "backend/cuda/found_devices.hpp"

namespace gpu_host {

// To start the driver takes a tenth of a second and more.
bool CudaBackend::may_have_hardware() const {
  struct stat status{};
  return std::ranges::any_of(std::array{"/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg"},
                             [&status](const char* path) { return stat(path, &status) == 0; });
}

std::vector<DeviceEntry> CudaBackend::devices() {
  const auto& found = cuda::found_devices();
  if (!found) return {DeviceEntry{.backend = "cuda", .index = 0, .info = {}, .reason = found.error().message}};
  std::vector<DeviceEntry> entries;
  for (const cuda::FoundDevice& device : *found) entries.push_back(device.entry);
  return entries;
}

void CudaBackend::describe(DeviceEntry& entry) {
  int version = 0;
  if (cuda::driver().DriverGetVersion(&version) == CUDA_SUCCESS) {
    entry.details = "driver for CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
  }
  if (const auto blas = cuda::open_blas(); !blas) entry.details += "; no matmul: " + blas.error().message;
}

GpuResult<std::shared_ptr<Device>> CudaBackend::open(std::uint32_t index) {
  const auto& found = cuda::found_devices();
  if (!found) return gpu_error(GpuErrorCode::device_unavailable, found.error().message);
  if (index >= found->size()) {
    return gpu_error(
        GpuErrorCode::device_unavailable,
        "there is no device " + std::to_string(index) + " of backend cuda; there are " + std::to_string(found->size()));
  }
  const cuda::FoundDevice& device = (*found)[index];
  if (!device.entry.info) return gpu_error(GpuErrorCode::device_unavailable, device.entry.reason);

  const std::scoped_lock lock(mutex_);
  opened_.resize(found->size());
  auto& opened = opened_[index];
  if (!opened) opened = std::make_shared<cuda::CudaDevice>(device.device, *device.entry.info, device.limits);
  if (auto usable = opened->open(); !usable) return std::unexpected(std::move(usable.error()));
  return opened;
}

}  // namespace gpu_host
