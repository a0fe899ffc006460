// What an instance may use where nobody says it (limits.hpp). `available`: bytes of
// memory that this machine or its container has (util/machine_memory.hpp).
#pragma once

#include <cstdint>

#include "gpu_host/devices.hpp"

namespace gpu_host {

[[nodiscard]] std::uint64_t default_guest_memory(std::uint64_t available);

// Of a device with memory of its own, so much of that.
[[nodiscard]] std::uint64_t default_gpu_memory(const DeviceInfo& device, std::uint64_t available);

}  // namespace gpu_host
