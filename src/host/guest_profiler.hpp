// Samples of a guest's stack while it runs.
#pragma once

#include <wasmtime/profiling.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "gpu_host/result.hpp"
#include "host/host_impl.hpp"
#include "host/wasmtime.hpp"
#include "util/ticker.hpp"

namespace gpu_host {

class GuestProfiler {
 public:
  GuestProfiler(std::shared_ptr<const Module::Impl> module, std::chrono::nanoseconds interval);

  // From start() to stop() the engine's epoch moves on with every interval, so that
  // its stores' epoch callbacks, which call sample(), are called.
  void start();
  void stop() { ticker_.reset(); }
  void sample(const wasmtime_store_t& store);

  // The profile; once.
  [[nodiscard]] Result<std::string> finish();

 private:
  using ProfilerPtr = std::unique_ptr<wasmtime_guestprofiler_t, Deleter<wasmtime_guestprofiler_delete>>;

  std::shared_ptr<const Module::Impl> module_;
  std::chrono::nanoseconds interval_;
  ProfilerPtr profiler_;
  std::chrono::steady_clock::time_point last_sample_;
  std::optional<Ticker> ticker_;
};

}  // namespace gpu_host
