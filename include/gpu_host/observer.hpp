// What an instance asks of wasi:gpu, call by call. Without an observer no clock is
// read and nothing is counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace gpu_host {

// A call of the guest, from the moment it enters the host until it returns.
struct HostCall {
  std::string_view interface;  // such as wasi:gpu/compute@0.1.0
  std::string_view function;   // such as buffer-write
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::time_point end;
  bool failed;  // it returned an error or trapped
};

// Work of a device for one call, from its start to its completion.
struct DeviceWork {
  std::string_view backend;    // cpu, cuda or webgpu
  std::string_view device;     // the device's name
  std::string_view operation;  // the contract's name of the function that asked for it
  std::chrono::steady_clock::time_point begin;
  std::chrono::steady_clock::time_point end;
  std::uint64_t bytes;  // that it reads and writes in buffers
};

// Called on the thread that runs the instance, in the order in which things end: the
// device's work before the call that asked for it. The views are valid during the
// call only; it must not call the instance. An observer of instances on several threads must be safe for that.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_host_call(const HostCall& call) = 0;
  virtual void on_device_work(const DeviceWork& work) = 0;
};

}  // namespace gpu_host
