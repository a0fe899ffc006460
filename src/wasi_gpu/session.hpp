// One instance's use of wasi:gpu: its stream on a device, its buffers and
// resources, its quotas. The functions of compute.hpp, ml_kernels.hpp and forest.hpp work on it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "backend/backend.hpp"
#include "gpu_host/limits.hpp"
#include "gpu_host/observer.hpp"
#include "gpu_host/result.hpp"
#include "wasi_gpu/handle_table.hpp"
#include "wasi_gpu/resource_table.hpp"

namespace gpu_host {

// How an instance uses its device, beside its limits.
struct SessionOptions {
  std::optional<std::uint64_t> available_memory = {};  // of this machine, in bytes; empty: it is asked
  std::optional<std::uint32_t> threads = {};
  MatmulPrecision precision = MatmulPrecision::tf32;
  std::vector<std::shared_ptr<Observer>> observers = {};
};

class Session {
 public:
  // Gives the device when it is first needed, so that a module which never calls
  // wasi:gpu touches no driver.
  using DeviceSource = std::function<Result<std::shared_ptr<Device>>()>;

  Session(DeviceSource source, const Limits& limits, SessionOptions options = {});
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();  // waits for all work, frees all buffers

  // Opens the device now, for callers that want its error before the guest runs.
  [[nodiscard]] Result<void> open();

  // The stream, opened if need be, and no deferred error pending: what every call
  // that has a result starts with. Else the error that the call returns.
  [[nodiscard]] GpuResult<Stream*> begin_call();

  // Gives a buffer of the stream an id; where that fails it is released. `charged` as
  // HandleTable::insert.
  [[nodiscard]] GpuResult<BufferId> publish(std::unique_ptr<Buffer> buffer, std::uint64_t charged);

  // Makes an embedder's memory a buffer; it counts as a buffer, but not in bytes.
  [[nodiscard]] GpuResult<BufferId> share(const WrappedMemory& memory);

  // Waits for all work. Nothing to wait for where no device was opened.
  void wait();

  // device_unavailable where the device cannot be opened.
  [[nodiscard]] GpuResult<const DeviceInfo*> device_info();

  // Tells work to stop. Once requested() the results of calls mean nothing.
  [[nodiscard]] Interrupt& interrupt() { return interrupt_; }

  [[nodiscard]] HandleTable& buffers() { return buffers_; }
  [[nodiscard]] ResourceTable& resources() { return resources_; }
  [[nodiscard]] const std::vector<std::shared_ptr<Observer>>& observers() const { return options_.observers; }

 private:
  [[nodiscard]] GpuResult<Stream*> stream();

  DeviceSource source_;
  SessionOptions options_;
  bool has_gpu_memory_;  // a quota of it
  std::optional<std::chrono::nanoseconds> gpu_time_;
  // Torn down in the opposite order: resources, buffers with the quota that both take, stream,
  // device, and the interrupt that the stream polls.
  Interrupt interrupt_;
  std::shared_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
  HandleTable buffers_;
  ResourceTable resources_;
};

}  // namespace gpu_host
