#include "wasi_gpu/memory_quota.hpp"

#include <fmt/format.h>

namespace gpu_host {

GpuResult<void> MemoryQuota::admit(std::uint64_t bytes) const {
  if (bytes <= left()) return {};
  return gpu_error(GpuErrorCode::out_of_memory,
                   fmt::format("{} bytes do not fit the instance's GPU memory quota: {} of {} bytes are in use", bytes,
                               used_, max_));
}

GpuResult<void> MemoryQuota::take(std::uint64_t bytes) {
  auto admitted = admit(bytes);
  if (admitted) used_ += bytes;
  return admitted;
}

}  // namespace gpu_host
