// The devices that wasi:gpu can run on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gpu_host {

// What get-device-info tells a guest of its device.
struct DeviceInfo {
  std::string name;
  std::string backend;             // cpu, cuda or webgpu
  std::uint64_t total_memory = 0;  // bytes; 0 where the device does not tell
  bool is_hardware = false;        // a piece of hardware of its own, not software
  std::string compute_capability;
};

// A device that can be opened, or why a backend has none.
struct DeviceEntry {
  std::string backend;
  std::uint32_t index = 0;
  std::optional<DeviceInfo> info;  // empty: not usable
  std::string reason;              // why not, and what to do about it
  std::string details = {};        // of a usable one, for people: its type, driver and limits
};

// Which device a run asks for.
struct DeviceChoice {
  // cpu, cuda or webgpu. Empty: the environment variable
  // WASMTIME_GPU_HOST_BACKEND, and where that is unset the best that works.
  std::string backend = {};
  std::optional<std::uint32_t> index = {};  // empty: the backend's first usable device
};

// A buffer of an instance, as its guest names it.
using BufferId = std::uint32_t;

// How matmul may round its inputs. Strict f32, or TF32 where the device has it.
enum class MatmulPrecision : std::uint8_t { tf32, fp32 };

// Every backend of the contract, best first, at least one entry each.
[[nodiscard]] std::vector<DeviceEntry> list_devices();

// Whether this thread is inside a GPU library that ends the process (SIGABRT) where a device
// fails at the wrong moment: for a program's handler of that signal, which may then end it
// in its own way. Async-signal-safe.
[[nodiscard]] bool is_in_gpu_library() noexcept;

}  // namespace gpu_host
