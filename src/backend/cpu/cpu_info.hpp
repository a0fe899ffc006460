// What the CPU tells of itself.
#pragma once

#include <string>

#include "backend/backend.hpp"

namespace gpu_host::cpu {

// `root` is where proc and sys lie; tests give another. total_memory is what this
// process may use (util/machine_memory.hpp).
[[nodiscard]] DeviceInfo cpu_info(const std::string& root = {});

}  // namespace gpu_host::cpu
