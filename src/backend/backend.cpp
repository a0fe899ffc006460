// What the seam itself does: the defaults of its optional methods.
#include "backend/backend.hpp"

#include <cstddef>
#include <cstdint>

namespace gpu_host {

GpuResult<void> WrappedMemory::check() const {
  constexpr std::size_t kAlignment = 4;
  if (bytes.empty()) return gpu_error(GpuErrorCode::invalid_params, "memory of 0 bytes cannot be a buffer");
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignment != 0) {
    return gpu_error(GpuErrorCode::invalid_params, "memory that becomes a buffer must be aligned to 4 bytes");
  }
  return {};
}

GpuResult<std::unique_ptr<Buffer>> Stream::wrap(const WrappedMemory& /*memory*/) {
  return gpu_error(GpuErrorCode::device_unavailable, "this backend cannot use an embedder's memory as a buffer");
}

void Stream::release(std::unique_ptr<Buffer> buffer) noexcept {
  wait();
  buffer.reset();
}

ForestEngine* Stream::forests() { return nullptr; }

GpuResult<void> Stream::perform(std::string_view /*operation*/, const std::function<GpuResult<void>()>& work) {
  wait();
  return work();
}

std::optional<GpuError> Stream::take_error() { return std::nullopt; }

bool Device::matmul_is_tf32() const { return false; }

bool Backend::may_have_hardware() const { return true; }

void Backend::describe(DeviceEntry& /*entry*/) {}

}  // namespace gpu_host
