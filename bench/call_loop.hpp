// A guest that calls one function in a loop, on the cpu backend with all threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "array.hpp"
#include "guest_loop.hpp"

namespace gpu_host::bench {

// An array that becomes a buffer; their ids are 1, 2, … in order.
struct SharedArray {
  std::span<std::byte> bytes;
  std::shared_ptr<const void> owner;
  template <class T>
  SharedArray(const Array<T>& array)  // NOLINT(google-explicit-constructor): so that lists of arrays can be written
      : bytes(array.bytes()), owner(array.owner()) {}
};

// The loop in an instance of its own. Throws where a call is not ok.
[[nodiscard]] Operation call_loop(const Call& call, const std::vector<SharedArray>& buffers);

// The same with one buffer and one block of the guest, of so many bytes each.
[[nodiscard]] Operation call_loop_with_block(const Call& call, std::uint32_t bytes);

}  // namespace gpu_host::bench
