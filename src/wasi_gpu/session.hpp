// One instance's use of wasi:gpu: its stream on a device, its buffers, its
// quotas. The functions of compute.hpp and ml_kernels.hpp work on it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "backend/backend.hpp"
#include "gpu_host/limits.hpp"
#include "gpu_host/result.hpp"
#include "wasi_gpu/handle_table.hpp"

namespace gpu_host {

class Session {
 public:
  // Gives the device when it is first needed, so that a module which never calls
  // wasi:gpu touches no driver.
  using DeviceSource = std::function<Result<std::shared_ptr<Device>>()>;

  // `interrupt` may be null; else it outlives the session.
  Session(DeviceSource source, const Limits& limits, const Interrupt* interrupt = nullptr);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();  // waits for all work, frees all buffers

  // Opens the device now, for callers that want its error before the guest runs.
  [[nodiscard]] Result<void> open();

  // The stream, opened if need be, and no deferred error pending: what every call
  // that has a result starts with. Else the error that the call returns.
  [[nodiscard]] GpuResult<Stream*> begin_call();

  // Waits for all work. Nothing to wait for where no device was opened.
  void wait();

  // device_unavailable where the device cannot be opened.
  [[nodiscard]] GpuResult<const DeviceInfo*> device_info();

  // Whether work was told to stop; its results then mean nothing.
  [[nodiscard]] bool interrupted() const { return interrupt_ != nullptr && interrupt_->requested(); }

  [[nodiscard]] HandleTable& buffers() { return buffers_; }

 private:
  [[nodiscard]] GpuResult<Stream*> stream();

  DeviceSource source_;
  const Interrupt* interrupt_;
  // Torn down in the opposite order: buffers, stream, device.
  std::shared_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
  HandleTable buffers_;
};

}  // namespace gpu_host
