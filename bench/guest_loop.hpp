// A guest that makes calls in a loop, and nothing else, on a device of its own choice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "comparison.hpp"
#include "gpu_host/instance.hpp"

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

// A module whose export `run` takes an i32 and makes the calls, one after the other, so
// many times. It returns 0 where each of them was ok.
[[nodiscard]] std::string loop_text(std::span<const Call> calls, std::uint32_t block_bytes);

// An instance of it. Throws std::runtime_error where something fails.
class GuestLoop {
 public:
  GuestLoop(const DeviceChoice& device, std::span<const Call> calls, std::uint32_t block_bytes,
            MatmulPrecision precision = MatmulPrecision::tf32);

  // Buffers' ids are 1, 2, … in the order in which they were made, in either way.
  // An array of the host: for the cpu backend.
  void share(std::span<std::byte> bytes, std::shared_ptr<const void> owner);
  // A buffer that the guest writes, on any backend: so many copies of the bytes, whose
  // size is a multiple of 8 and fits the block. Without bytes: one of zeros.
  void create(std::span<const std::byte> bytes, std::uint32_t copies = 1);
  void create(std::uint64_t bytes);

  // Puts bytes, a multiple of 8, into the guest's block.
  void set_block(std::uint32_t offset, std::span<const std::byte> bytes);

  void run(std::int64_t count);  // returns when the calls have
  void sync();                   // returns when the device is done
  void read(BufferId buffer, std::span<std::byte> to);

 private:
  Instance instance_;
  BufferId last_buffer_ = 0;
};

// Runs the loop; the device is done at the end.
[[nodiscard]] Operation operation_of(std::shared_ptr<GuestLoop> loop);

}  // namespace gpu_host::bench
