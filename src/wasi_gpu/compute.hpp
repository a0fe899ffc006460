// wasi:gpu/compute as ordinary functions; semantics in wit/compute.wit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "wasi_gpu/session.hpp"

namespace gpu_host::wasi_gpu {

// Bits 0 to 5: map-read, map-write, copy-src, copy-dst, uniform, storage.
enum class BufferUsage : std::uint32_t {};
inline constexpr std::uint32_t kBufferUsageBits = 0x3f;

// total-memory is the instance's quota where the device does not tell.
[[nodiscard]] GpuResult<DeviceInfo> get_device_info(Session& session);
[[nodiscard]] GpuResult<BufferId> buffer_create(Session& session, std::uint64_t size, BufferUsage usage);
[[nodiscard]] GpuResult<void> buffer_write(Session& session, BufferId buffer, std::uint64_t offset,
                                           std::span<const std::byte> data);
// `destination` is asked for `size` bytes once they are known to be good.
[[nodiscard]] GpuResult<void> buffer_read(Session& session, BufferId buffer, std::uint64_t offset, std::uint64_t size,
                                          const ReadDestination& destination);
[[nodiscard]] GpuResult<void> buffer_copy(Session& session, BufferId src, std::uint64_t src_offset, BufferId dst,
                                          std::uint64_t dst_offset, std::uint64_t size);
[[nodiscard]] GpuResult<void> buffer_destroy(Session& session, BufferId buffer);
void sync(Session& session);

}  // namespace gpu_host::wasi_gpu
