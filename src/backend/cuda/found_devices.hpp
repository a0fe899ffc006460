// The devices that NVIDIA's driver offers.
#pragma once

#include <vector>

#include "backend/cuda/cuda_api.hpp"
#include "backend/cuda/gpu.hpp"
#include "gpu_host/devices.hpp"

namespace gpu_host::cuda {

struct FoundDevice {
  CUdevice device = 0;
  DeviceEntry entry;  // without info: `reason` says why it cannot be used
  GpuLimits limits;
};

// Asked of the driver once per process: what CUDA_VISIBLE_DEVICES leaves. An error says why there is none.
[[nodiscard]] const Result<std::vector<FoundDevice>>& found_devices();

}  // namespace gpu_host::cuda
