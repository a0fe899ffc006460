#include "wasi_gpu/default_limits.hpp"

#include <algorithm>

namespace gpu_host {

// Together all that there is: the guest's objects may take as much again as its memory.
std::uint64_t default_guest_memory(std::uint64_t available) {
  constexpr std::uint64_t kMost = std::uint64_t{4} << 30U;
  return std::min(available / 8, kMost);
}

std::uint64_t default_gpu_memory(const DeviceInfo& device, std::uint64_t available) {
  const bool has_its_own = device.is_hardware && device.total_memory > 0;
  return (has_its_own ? device.total_memory : available) / 4 * 3;
}

}  // namespace gpu_host
