#include "wasi_gpu/compute.hpp"

#include <fmt/format.h>

#include <utility>

#include "wasi_gpu/arguments.hpp"

namespace gpu_host::wasi_gpu {

GpuResult<DeviceInfo> get_device_info(Session& session) {
  auto known = session.device_info();
  if (!known) return std::unexpected(std::move(known.error()));
  DeviceInfo info = **known;
  if (info.total_memory == 0) info.total_memory = session.buffers().memory().max();
  return info;
}

GpuResult<BufferId> buffer_create(Session& session, std::uint64_t size, BufferUsage usage) {
  Arguments arguments(session);
  arguments.require(size > 0, [] { return "size: a buffer has at least 1 byte"; });
  const auto unknown = static_cast<std::uint32_t>(usage) & ~kBufferUsageBits;
  arguments.require(unknown == 0, [&] { return fmt::format("usage: unknown bits {:#x}", unknown); });
  if (!arguments) return arguments.error();

  if (auto admitted = session.buffers().admit(size); !admitted) return std::unexpected(std::move(admitted.error()));
  auto buffer = arguments.stream().allocate(size);
  if (!buffer) return std::unexpected(std::move(buffer.error()));
  return session.publish(*std::move(buffer), size);
}

GpuResult<void> buffer_write(Session& session, BufferId buffer, std::uint64_t offset, std::span<const std::byte> data) {
  Arguments arguments(session);
  Buffer* target = arguments.buffer(buffer, "buffer");
  arguments.range(target, "buffer", offset, data.size());
  arguments.writable(target, "buffer");
  if (!arguments) return arguments.error();
  if (data.empty()) return {};
  return arguments.stream().write(*target, offset, data);
}

GpuResult<void> buffer_read(Session& session, BufferId buffer, std::uint64_t offset, std::uint64_t size,
                            const ReadDestination& destination) {
  Arguments arguments(session);
  const Buffer* source = arguments.buffer(buffer, "buffer");
  arguments.range(source, "buffer", offset, size);
  if (!arguments) {
    // A read always knows of earlier work's error, and that one goes first.
    session.wait();
    if (auto begun = session.begin_call(); !begun) return std::unexpected(std::move(begun.error()));
    return arguments.error();
  }
  return arguments.stream().read(*source, offset, size, destination);
}

GpuResult<void> buffer_copy(Session& session, BufferId src, std::uint64_t src_offset, BufferId dst,
                            std::uint64_t dst_offset, std::uint64_t size) {
  Arguments arguments(session);
  const Buffer* source = arguments.buffer(src, "src");
  Buffer* target = arguments.buffer(dst, "dst");
  arguments.range(source, "src", src_offset, size);
  arguments.range(target, "dst", dst_offset, size);
  arguments.writable(target, "dst");
  if (!arguments) return arguments.error();
  if (size == 0) return {};
  return arguments.stream().copy(*source, src_offset, *target, dst_offset, size);
}

GpuResult<void> buffer_destroy(Session& session, BufferId buffer) {
  Arguments arguments(session);
  if (!arguments) return arguments.error();
  auto removed = session.buffers().remove(buffer, "buffer");
  if (!removed) return std::unexpected(std::move(removed.error()));
  arguments.stream().release(*std::move(removed));
  return {};
}

void sync(Session& session) { session.wait(); }

}  // namespace gpu_host::wasi_gpu
