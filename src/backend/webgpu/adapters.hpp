// The adapters (GPUs, or software) that Vulkan offers.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "backend/gpu_error.hpp"
#include "backend/webgpu/wgpu_handles.hpp"
#include "gpu_host/devices.hpp"
#include "gpu_host/result.hpp"

namespace gpu_host::webgpu {

// Parameters of kernels are immediates (Vulkan's push constants): a binding of their own
// would cost each launch a write and a larger bind group.
inline constexpr std::uint32_t kImmediateBytes = 128;

struct GpuLimits {
  std::uint64_t max_buffer = 0;   // bytes of one buffer
  std::uint64_t max_binding = 0;  // bytes that a kernel sees of one
  std::uint64_t max_work = 0;     // elementary steps of a submission (Commands::max_work)
  std::uint32_t offset_alignment = 0;
  bool has_subgroups = false;
};

struct Adapter {
  DeviceEntry entry;  // without info: `reason` says why it cannot be used
  GpuLimits limits;
  WGPUAdapter handle = nullptr;  // lives as long as the process
};

// Asked of the drivers once per process. An error says why there is none.
[[nodiscard]] const Result<std::vector<Adapter>>& adapters();

// Whether that was before this process was forked: it has none of the drivers' threads.
[[nodiscard]] bool are_of_another_process();

// What the library told of a device, on any thread. Safe for use by many threads at a time.
class DeviceHealth {
 public:
  [[nodiscard]] bool is_lost() const { return is_lost_.load(std::memory_order_acquire); }
  // Device_unavailable, with the reason.
  [[nodiscard]] std::unexpected<GpuError> lost_error() const;
  void set_lost(std::string_view reason) noexcept;

 private:
  mutable std::mutex mutex_;
  std::string reason_;
  std::atomic<bool> is_lost_ = false;
};

struct OpenedDevice {
  OwnedDevice device;
  DeviceHealth* health;  // lives as long as the process: the library may report late
};
[[nodiscard]] GpuResult<OpenedDevice> open_device(const Adapter& adapter);

}  // namespace gpu_host::webgpu
