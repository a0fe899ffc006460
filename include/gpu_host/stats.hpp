// Sums over all calls, per function of the contract.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gpu_host/observer.hpp"

namespace gpu_host {

struct FunctionStats {
  std::string interface = {};  // the first call's, where several have the function
  std::string function = {};
  std::uint64_t calls = 0;                    // of the guest
  std::uint64_t failures = 0;                 // of the calls
  std::uint64_t bytes = 0;                    // that the device's work read and wrote
  std::chrono::nanoseconds time = {};         // of the calls
  std::chrono::nanoseconds device_time = {};  // of the device's work; a guest's is part of `time`
  std::string device = {};                    // backend and name, of the last work; empty: no device was needed
};

// Safe for use by many threads at a time.
class Stats final : public Observer {
 public:
  void on_host_call(const HostCall& call) override;
  void on_device_work(const DeviceWork& work) override;

  // One entry per function that was called, in the order of the first calls. What an
  // embedder has a device do (Instance::read_buffer) counts as the function's bytes and
  // device time, but is no call: such a function may have an empty interface.
  [[nodiscard]] std::vector<FunctionStats> functions() const;

 private:
  FunctionStats& entry(std::string_view function);

  mutable std::mutex mutex_;
  std::vector<FunctionStats> functions_;
};

}  // namespace gpu_host
