// Results of wasi:gpu as the canonical ABI lays them out in a module's memory.
// Discriminants are read as the one byte that they are.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wasi_gpu::detail {

struct RawList {  // list<u8> and string
  std::uint32_t pointer;
  std::uint32_t length;
};
static_assert(sizeof(RawList) == 8);

struct RawError {
  std::uint8_t code;
  RawList message;  // of the cases that carry one
};
static_assert(sizeof(RawError) == 12 && offsetof(RawError, message) == 4);

// result<T, gpu-error> with T nothing, a buffer id or a list of bytes.
struct RawResult {
  std::uint8_t is_error;
  union {
    std::uint32_t id;
    RawList list;
    RawError error;
  };
};
static_assert(sizeof(RawResult) == 16 && offsetof(RawResult, error) == 4);

struct RawDeviceInfo {
  RawList name;
  RawList backend;
  std::uint64_t total_memory;
  std::uint8_t is_hardware;
  RawList compute_capability;
};
static_assert(sizeof(RawDeviceInfo) == 40 && alignof(RawDeviceInfo) == 8);
static_assert(offsetof(RawDeviceInfo, is_hardware) == 24 && offsetof(RawDeviceInfo, compute_capability) == 28);

}  // namespace wasi_gpu::detail
