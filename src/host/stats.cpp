#include "gpu_host/stats.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace gpu_host {

void Stats::on_host_call(const HostCall& call) {
  const std::scoped_lock lock(mutex_);
  FunctionStats& function = entry(call.function);
  if (function.interface.empty()) function.interface = call.interface;
  ++function.calls;
  function.failures += call.failed ? 1 : 0;
  function.time += call.end - call.begin;
}

void Stats::on_device_work(const DeviceWork& work) {
  std::string device(work.backend);
  device.append(": ").append(work.device);
  const std::scoped_lock lock(mutex_);
  FunctionStats& function = entry(work.operation);
  function.bytes += work.bytes;
  function.device_time += work.end - work.begin;
  function.device = std::move(device);
}

std::vector<FunctionStats> Stats::functions() const {
  const std::scoped_lock lock(mutex_);
  return functions_;
}

FunctionStats& Stats::entry(std::string_view function) {
  const auto found = std::ranges::find(functions_, function, &FunctionStats::function);
  if (found != functions_.end()) return *found;
  return functions_.emplace_back(FunctionStats{.function = std::string(function)});
}

}  // namespace gpu_host
