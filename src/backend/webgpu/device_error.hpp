// What a kernel reported of data that it refuses, as an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "backend/gpu_error.hpp"

namespace gpu_host::webgpu {

// Bytes of the struct ErrorSlot in shaders/errors.wgsl.
inline constexpr std::uint64_t kErrorSlotBytes = 32;

// Nothing where there was no report.
[[nodiscard]] std::optional<GpuError> device_error(std::span<const std::byte> slot);

}  // namespace gpu_host::webgpu
