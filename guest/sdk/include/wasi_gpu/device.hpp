// The device that serves this module.
#pragma once

#include "wasi_gpu/host_calls.hpp"
#include "wasi_gpu/types.hpp"

namespace wasi_gpu {

[[nodiscard]] inline DeviceInfo device_info() { return host_calls::get_device_info(); }

// Waits for all work of this module. A late error is returned by the next call.
inline void sync() { host_calls::sync(); }

}  // namespace wasi_gpu
