// What an instance may use where nobody says it.
#pragma once

#include <cstdint>

#include "gpu_host/limits.hpp"

namespace gpu_host {

// `limits` with the memory limits that are not set filled in (limits.hpp). `available`:
// bytes of memory that this machine or its container has (util/machine_memory.hpp).
[[nodiscard]] Limits with_defaults(Limits limits, std::uint64_t available);

}  // namespace gpu_host
