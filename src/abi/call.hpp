// What one call knows while it is lifted and lowered: the guest, the encoding,
// and whether it went wrong.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "abi/guest.hpp"
#include "backend/gpu_error.hpp"

namespace gpu_host::abi {

// canonical: the Component Model's. legacy: for the older C guests of wasi:gpu 0.1.0,
// which reserve only 8 bytes for a result: error strings are left out.
enum class Encoding : std::uint8_t { canonical, legacy };

// A list or string in guest memory.
struct GuestList {
  std::uint32_t pointer = 0;
  std::uint32_t length = 0;
};

class Call {
 public:
  // `function` is what the log calls it.
  Call(Guest& guest, Encoding encoding, std::string_view function)
      : guest_(guest), encoding_(encoding), function_(function) {}

  [[nodiscard]] std::string_view function() const { return function_; }
  [[nodiscard]] Encoding encoding() const { return encoding_; }

  // `size` bytes at `pointer`; where they are not inside the memory as it is now,
  // an empty span and a trap.
  std::span<std::byte> bytes(std::uint32_t pointer, std::uint64_t size, std::string_view what) {
    if (size > memory_.size() || pointer > memory_.size() - size) [[unlikely]]
      return find_bytes(pointer, size, what);
    return memory_.subspan(pointer, size);
  }

  // The same, and a trap where the pointer is not a multiple of `align`, a power of 2.
  std::span<std::byte> aligned_bytes(std::uint32_t pointer, std::uint64_t size, std::uint32_t align,
                                     std::string_view what) {
    if ((pointer & (align - 1)) == 0) [[likely]]
      return bytes(pointer, size, what);
    set_misaligned(pointer, align, what);
    return {};
  }

  // Writes a number at an address that bytes() has found inside the memory (which
  // never shrinks).
  template <class T>
    requires std::is_arithmetic_v<T>
  void store(std::uint32_t address, T value) {
    const auto target = bytes(address, sizeof value, "result");
    if (!trap_) std::memcpy(target.data(), &value, sizeof value);
  }

  // A block of the guest for a list that the host returns. Asks cabi_realloc for
  // empty lists too: the guest knows what it can free. out_of_memory where that
  // returns 0. Traps (see trap()) where cabi_realloc is missing or traps, or the
  // block is outside memory or misaligned; the returned error then means nothing.
  [[nodiscard]] GpuResult<GuestList> allocate(std::uint32_t size, std::uint32_t align, std::string_view what);

  // A copy of `text` in guest memory, by allocate().
  [[nodiscard]] GpuResult<GuestList> lower_string(std::string_view text, std::string_view what);

  [[nodiscard]] bool has_allocator() { return guest_.has_allocator(); }

  // The first trap, or the first argument that is not what its WIT type allows.
  void set_trap(Trap trap);
  void set_invalid(std::string message);
  [[nodiscard]] const std::optional<Trap>& trap() const { return trap_; }
  [[nodiscard]] const std::optional<GpuError>& invalid() const { return invalid_; }

 private:
  // The same, for what is not inside memory_.
  std::span<std::byte> find_bytes(std::uint32_t pointer, std::uint64_t size, std::string_view what);
  void set_misaligned(std::uint32_t pointer, std::uint32_t align, std::string_view what);

  Guest& guest_;
  std::span<std::byte> memory_;  // as it was when it was last asked for; empty: not known
  Encoding encoding_;
  std::string_view function_;
  std::optional<Trap> trap_;
  std::optional<GpuError> invalid_;
};

}  // namespace gpu_host::abi
