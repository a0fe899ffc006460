// The reduction of a part of a buffer, for whatever operation contains one.
#pragma once

#include <cstdint>

#include "backend/webgpu/commands.hpp"
#include "backend/webgpu/webgpu_buffer.hpp"

namespace gpu_host::webgpu {

// Queues output[place] = the reduction of elements [first, first + count) of `input`.
// Without elements the sum is 0, and all else is unspecified.
[[nodiscard]] GpuResult<void> reduce_range(Commands& commands, ReduceOp op, const WebGpuBuffer& input,
                                           std::uint64_t first, std::uint32_t count, const WebGpuBuffer& output,
                                           std::uint64_t place);

}  // namespace gpu_host::webgpu
