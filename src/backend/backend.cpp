// The defaults of the seam's optional methods.
#include "backend/backend.hpp"

namespace gpu_host {

GpuResult<std::unique_ptr<Buffer>> Stream::wrap(const WrappedMemory& /*memory*/) {
  return gpu_error(GpuErrorCode::device_unavailable, "this backend cannot use an embedder's memory as a buffer");
}

void Stream::release(std::unique_ptr<Buffer> buffer) noexcept {
  wait();
  buffer.reset();
}

std::optional<GpuError> Stream::take_error() { return std::nullopt; }

bool Device::matmul_is_tf32() const { return false; }

}  // namespace gpu_host
