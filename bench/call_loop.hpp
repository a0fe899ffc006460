// A guest that calls one function in a loop, and nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "array.hpp"
#include "comparison.hpp"

namespace gpu_host::bench {

// A core argument: i32, i64 or f32.
using Argument = std::variant<std::uint32_t, std::uint64_t, float>;

inline constexpr const char* kCompute = "wasi:gpu/compute@0.1.0";
inline constexpr const char* kMlKernels = "wasi:gpu/ml-kernels@0.1.0";

// What the guest calls. A function with a result gets a result pointer.
struct Call {
  std::string interface;
  std::string function;
  std::vector<Argument> arguments = {};
  bool has_result = true;
};

// The guest's block of memory for data: filled, so that its pages are there, and
// what its cabi_realloc returns, always.
inline constexpr std::uint32_t kBlock = 0x10000;

// A module whose export `run` takes an i32 and makes the call so many times. It
// returns 0 where each of them was ok. `create` makes a buffer of `block_bytes`.
[[nodiscard]] std::string loop_text(const Call& call, std::uint32_t block_bytes);

// An array that becomes a buffer; their ids are 1, 2, … in order.
struct SharedArray {
  std::span<std::byte> bytes;
  std::shared_ptr<const void> owner;
  template <class T>
  SharedArray(const Array<T>& array)  // NOLINT(google-explicit-constructor): so that lists of arrays can be written
      : bytes(array.bytes()), owner(array.owner()) {}
};

// The loop in an instance of its own, on the cpu backend with all threads. Throws
// where a call is not ok.
[[nodiscard]] Operation call_loop(const Call& call, const std::vector<SharedArray>& buffers);

// The same with one buffer and one block of the guest, of so many bytes each.
[[nodiscard]] Operation call_loop_with_block(const Call& call, std::uint32_t bytes);

}  // namespace gpu_host::bench
