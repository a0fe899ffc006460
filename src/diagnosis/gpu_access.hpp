// Whether this process may reach the GPUs of this machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "diagnosis/machine_facts.hpp"
#include "gpu_host/diagnosis.hpp"

namespace gpu_host {

// A finding on what GPUs there are, and one for each thing that stands before them: device files that are missing or
// closed to this user, options that a container was started without, manifests of Vulkan drivers.
[[nodiscard]] std::vector<Finding> check_gpu_access(const MachineFacts& facts);

}  // namespace gpu_host
