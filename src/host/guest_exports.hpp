// The guest's memory and cabi_realloc on Wasmtime.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "abi/guest.hpp"
#include "host/wasmtime.hpp"

namespace gpu_host {

// Wasmtime maps memories where others have been, by system calls that ThreadSanitizer
// does not see. Called after a memory is mapped and before it is unmapped, this orders
// its use after that of the one before.
void order_memories() noexcept;

class GuestExports final : public abi::Guest {
 public:
  // Looks the exports up, until they are found: a lookup by name costs as much as a
  // whole host call. (An embedder that calls a re-exported import is a caller without
  // exports.) To be called at the start of each host call.
  void enter(wasmtime_caller_t* caller) {
    if (!memory_) [[unlikely]]
      look_up(caller);
  }

  // Whether the guest runs cabi_realloc now; then it must not call wasi:gpu.
  [[nodiscard]] bool allocating() const { return allocating_; }

  // The trap or error, if any, that ended a cabi_realloc: what the host call must
  // end with as well.
  [[nodiscard]] TrapPtr take_trap() { return std::move(trap_); }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::optional<int> exit_status() const { return exit_status_; }

  std::span<std::byte> memory() override;
  bool has_allocator() override { return allocator_.has_value(); }
  std::expected<std::uint32_t, abi::Trap> allocate(std::uint32_t align, std::uint32_t size) override;

 private:
  void look_up(wasmtime_caller_t* caller);

  wasmtime_context_t* context_ = nullptr;
  std::optional<wasmtime_memory_t> memory_;
  std::optional<wasmtime_func_t> allocator_;
  bool allocator_has_wrong_type_ = false;
  bool allocating_ = false;
  bool failed_ = false;
  TrapPtr trap_;
  std::optional<int> exit_status_;
};

}  // namespace gpu_host
