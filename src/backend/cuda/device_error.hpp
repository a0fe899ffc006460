// What a kernel reported of data that it refuses, as an error.
#pragma once

#include <optional>

#include "backend/cuda/kernels/error_slot.hpp"
#include "backend/gpu_error.hpp"

namespace gpu_host::cuda {

// Nothing where there was no report.
[[nodiscard]] std::optional<GpuError> device_error(const ErrorSlot& slot);

}  // namespace gpu_host::cuda
