// A CUDA device, as the seam knows it.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "backend/backend.hpp"
#include "backend/cuda/gpu.hpp"

namespace gpu_host::cuda {

class CudaDevice final : public Device {
 public:
  CudaDevice(CUdevice device, DeviceInfo info, const GpuLimits& limits);

  // Makes the context, if there is none; create_stream() would.
  [[nodiscard]] GpuResult<void> open();

  [[nodiscard]] const DeviceInfo& info() const override { return info_; }
  [[nodiscard]] bool matmul_is_tf32() const override { return true; }  // every device that is supported has it
  [[nodiscard]] GpuResult<std::unique_ptr<Stream>> create_stream(const StreamOptions& options) override;

 private:
  // The context in use. After it was lost: one more, once nobody uses the lost one, and none after that.
  [[nodiscard]] GpuResult<std::shared_ptr<Gpu>> gpu();

  CUdevice device_;
  DeviceInfo info_;
  GpuLimits limits_;
  std::mutex mutex_;
  std::shared_ptr<Gpu> gpu_;
  std::weak_ptr<Gpu> lost_gpu_;
  std::string lost_reason_;  // of the first loss
  std::string dead_reason_;  // once it is given up
};

}  // namespace gpu_host::cuda
