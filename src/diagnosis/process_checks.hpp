// What this process was given: environment variables, memory, limits.
#pragma once

#include <vector>

#include "gpu_host/diagnosis.hpp"

namespace gpu_host {

// A fault for each variable that names what is not there, a note for one that hides GPUs. Nothing for the others.
[[nodiscard]] std::vector<Finding> check_environment();

// Memory, address space (ulimit -v) and descriptors (ulimit -n). The first one is what there is of memory.
[[nodiscard]] std::vector<Finding> check_limits();

}  // namespace gpu_host
