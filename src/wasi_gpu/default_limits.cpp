#include "wasi_gpu/default_limits.hpp"

#include <algorithm>

namespace gpu_host {

Limits with_defaults(Limits limits, std::uint64_t available) {
  // Together all that there is: the guest's objects may take as much again as its memory.
  constexpr std::uint64_t kMostGuestMemory = std::uint64_t{4} << 30U;
  if (!limits.gpu_memory) limits.gpu_memory = available / 4 * 3;
  if (!limits.guest_memory) limits.guest_memory = std::min(available / 8, kMostGuestMemory);
  return limits;
}

}  // namespace gpu_host
