// A loop that can be told to stop.
#pragma once

#include <algorithm>
#include <cstdint>

#include "backend/cpu/poll.hpp"

namespace gpu_host::cpu {

// Calls body(i) for each i of [begin, end), unless the poll says to stop: then false. `work`: elements that a call
// looks at.
template <class Body>
bool for_all(std::uint32_t begin, std::uint32_t end, Poll& poll, const Body& body, std::uint32_t work = 1) {
  const auto at_once = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, kPollWork / work));
  while (begin < end) {
    const std::uint32_t n = std::min(at_once, end - begin);
    if (poll.stop(std::uint64_t{n} * work)) return false;
    for (const std::uint32_t last = begin + n; begin < last; ++begin) body(begin);
  }
  return true;
}

}  // namespace gpu_host::cpu
