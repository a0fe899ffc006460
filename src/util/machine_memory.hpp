// How much memory this process may use, as the machine and its control group say.
#pragma once

#include <cstdint>
#include <string>

namespace gpu_host {

// Bytes, never 0. Both keep to the limits of the process's control groups
// (version 1 or 2).
struct MachineMemory {
  std::uint64_t total;      // of the machine
  std::uint64_t available;  // without swapping, at the moment
};

// `root` is where proc and sys lie; tests give another.
[[nodiscard]] MachineMemory machine_memory(const std::string& root = {});

}  // namespace gpu_host
