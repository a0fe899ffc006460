// How much memory this process may use, as the machine and its container say.
#pragma once

#include <cstdint>

namespace gpu_host {

// Bytes of memory: the smaller of the machine's and the cgroup's limit. Never 0.
[[nodiscard]] std::uint64_t total_machine_memory();

// Bytes that can be had now without swapping: the smaller of MemAvailable and
// what the cgroup leaves. Never 0.
[[nodiscard]] std::uint64_t available_machine_memory();

}  // namespace gpu_host
