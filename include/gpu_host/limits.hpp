// What one instance may use at most. Defaults are for one instance: who runs several
// at a time divides the machine's memory among them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace gpu_host {

struct Limits {
  // Bytes of all live buffers together; more is out-of-memory for the guest. Empty:
  // three quarters of a GPU's memory where the device tells how much it has, else of
  // what this machine (or its container) has available at the start.
  std::optional<std::uint64_t> gpu_memory = {};

  // Live buffers at a time; more is out-of-memory for the guest.
  std::uint32_t gpu_buffers = 262'144;

  // Bytes of the guest's linear memory, beyond which memory.grow gives -1, and once
  // more of the objects that its code makes (exceptions, GC), beyond which it traps.
  // A module has one memory. Empty: an eighth of the memory that is available, and at
  // most 4 GiB.
  std::optional<std::uint64_t> guest_memory = {};

  // Elements of each of the guest's tables, beyond which table.grow gives -1.
  std::uint32_t table_elements = 1'000'000;

  // Units of fuel, about one per WebAssembly instruction, that the instance has for
  // its whole life. Needs HostOptions::fuel.
  std::optional<std::uint64_t> fuel = {};

  // Wall-clock time of all runs and calls of the instance together. Needs
  // HostOptions::interruptible. Host calls of wasi:gpu and WebAssembly code are
  // interrupted; a WASI call that blocks (a read of standard input, a sleep) is
  // noticed when it returns.
  std::optional<std::chrono::nanoseconds> timeout = {};

  // Time of all work on the device together: writes, reads (the embedder's too), copies
  // and kernels, each from its start to its end. Not of buffer-create.
  std::optional<std::chrono::nanoseconds> gpu_time = {};
};

}  // namespace gpu_host
