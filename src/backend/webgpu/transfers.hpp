// Writes, copies and reads of any offset and length: WebGPU itself wants multiples of 4,
// and different buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "backend/backend.hpp"
#include "backend/webgpu/commands.hpp"
#include "backend/webgpu/webgpu_buffer.hpp"

namespace gpu_host::webgpu {

[[nodiscard]] GpuResult<void> write(Commands& commands, const WebGpuBuffer& buffer, std::uint64_t offset,
                                    std::span<const std::byte> data);

[[nodiscard]] GpuResult<void> copy(Commands& commands, const WebGpuBuffer& source, std::uint64_t source_offset,
                                   const WebGpuBuffer& target, std::uint64_t target_offset, std::uint64_t size);

[[nodiscard]] GpuResult<void> read(Commands& commands, const WebGpuBuffer& buffer, std::uint64_t offset,
                                   std::uint64_t size, const ReadDestination& destination);

}  // namespace gpu_host::webgpu
