// Whether this process may reach the GPUs of this machine.
#pragma once

#include <vector>

#include "diagnosis/machine_facts.hpp"
#include "gpu_host/diagnosis.hpp"

namespace gpu_host {

// What the devices have shown.
struct GpuSuccess {
  bool any = false;     // a GPU computes
  bool webgpu = false;  // one does by webgpu
};

// What GPUs there are.
[[nodiscard]] Finding found_gpus(const MachineFacts& facts);

// A finding for each thing that stands before the GPUs: device files that are missing or closed to this user, options
// that a container was started without, manifests of Vulkan drivers. Faults only where no GPU works.
[[nodiscard]] std::vector<Finding> check_gpu_access(const MachineFacts& facts, const GpuSuccess& success);

}  // namespace gpu_host
