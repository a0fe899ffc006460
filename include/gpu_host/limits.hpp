// What one instance may use at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace gpu_host {

struct Limits {
  // Bytes of all live buffers together. Empty: three quarters of the memory that
  // this machine (or its container) has available at the start.
  std::optional<std::uint64_t> gpu_memory = {};

  // Live buffers at a time.
  std::uint32_t gpu_buffers = 262'144;

  // Wall-clock time of a run, from just before instantiation. Host calls of
  // wasi:gpu and WebAssembly code are interrupted; a WASI call that blocks (a
  // read of standard input, a sleep) is noticed when it returns.
  std::optional<std::chrono::nanoseconds> timeout = {};
};

}  // namespace gpu_host
