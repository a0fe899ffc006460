// The guest that the fuzzer drives: it calls any function of the contract with any
// arguments, and its cabi_realloc does what it is told.
#pragma once

#include <cstdint>
#include <string>

namespace gpu_host::fuzz {

inline constexpr std::uint32_t kPage = 65536;
inline constexpr std::uint32_t kInitialPages = 2;
inline constexpr std::uint32_t kMaxPages = 6;
inline constexpr std::uint32_t kResult = 0x400;
inline constexpr std::uint32_t kData = 0x1000;

// What cabi_realloc does from now on.
enum class Allocator : std::uint8_t {
  good,
  returns_zero,
  odd_address,
  half_outside,
  far_outside,
  traps,
  grows_memory,
  calls_back,
  loops,
  exits,
};
inline constexpr std::uint32_t kAllocators = 10;

// Its exports:
//   call(function, result pointer, ten arguments as i64) → four words at the result
//       pointer (0 where they are outside memory) and the memory's size in pages
//   fill(address, kind, seed, words), peek(address) → 64 bytes, grow(pages) → pages,
//   reset_heap(), use_allocator(Allocator), memory, cabi_realloc
[[nodiscard]] std::string guest_text();

}  // namespace gpu_host::fuzz
