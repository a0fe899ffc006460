#include "backend/cuda/cuda_device.hpp"

#include <utility>

#include "backend/cuda/cuda_stream.hpp"
#include "util/log.hpp"

namespace gpu_host::cuda {

CudaDevice::CudaDevice(CUdevice device, DeviceInfo info, const GpuLimits& limits)
    : device_(device), info_(std::move(info)), limits_(limits) {}

GpuResult<void> CudaDevice::open() {
  const auto opened = gpu();
  return opened ? GpuResult<void>{} : std::unexpected(opened.error());
}

GpuResult<std::unique_ptr<Stream>> CudaDevice::create_stream(const StreamOptions& options) {
  auto opened = gpu();
  if (!opened) return std::unexpected(std::move(opened.error()));
  return CudaStream::create(*std::move(opened), options);
}

GpuResult<std::shared_ptr<Gpu>> CudaDevice::gpu() {
  const auto unavailable = [](std::string reason) {
    return gpu_error(GpuErrorCode::device_unavailable, std::move(reason));
  };
  const std::scoped_lock lock(mutex_);
  if (!dead_reason_.empty()) return unavailable(dead_reason_);
  if (gpu_ && gpu_->is_lost()) {
    const std::string reason = gpu_->lost_error().error().message;
    lost_gpu_ = std::exchange(gpu_, nullptr);
    if (!lost_reason_.empty()) {
      dead_reason_ = reason + " again: this process cannot use it any more";
      return unavailable(dead_reason_);
    }
    lost_reason_ = reason;
  }
  if (gpu_) return gpu_;
  // A new context beside the lost one would share its fate.
  if (!lost_gpu_.expired()) {
    return unavailable(lost_reason_ + "; it starts anew once the instances that used it have ended");
  }
  auto opened = Gpu::open(device_, limits_);
  if (!opened && lost_reason_.empty()) {
    return unavailable(info_.name + " (cuda) cannot be opened: " + opened.error().message);
  }
  if (!opened) {
    dead_reason_ = lost_reason_ + ", and did not start anew: " + opened.error().message;
    return unavailable(dead_reason_);
  }
  if (!lost_reason_.empty()) logger().warn("{} starts anew: {}", info_.name, lost_reason_);
  gpu_ = *opened;
  return gpu_;
}

}  // namespace gpu_host::cuda
