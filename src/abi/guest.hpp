// The running guest as the canonical ABI sees it: a linear memory and an
// allocator. src/host implements it on Wasmtime; tests on plain memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

namespace gpu_host::abi {

// The guest broke the canonical ABI: the call ends in a trap with this message.
struct Trap {
  std::string message;
};

class Guest {
 public:
  virtual ~Guest() = default;

  // The whole memory as it is now; null where the guest exports none. Calling the
  // guest may grow and move it. A plain span, which comes back in registers.
  [[nodiscard]] virtual std::span<std::byte> memory() = 0;

  // Whether the guest exports cabi_realloc.
  [[nodiscard]] virtual bool has_allocator() = 0;

  // cabi_realloc(0, 0, align, size): whatever the guest returns, unchecked.
  [[nodiscard]] virtual std::expected<std::uint32_t, Trap> allocate(std::uint32_t align, std::uint32_t size) = 0;
};

}  // namespace gpu_host::abi
