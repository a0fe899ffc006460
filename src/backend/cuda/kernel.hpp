// Which function a launch runs: a .cu file and one of its kernels.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gpu_host::cuda {

// A .cu file, compiled when it was embedded; generated/backend/cuda/modules.hpp has them all.
struct Module {
  std::string_view name;
  std::span<const std::byte> sm_80;  // cubins: of 8.x
  std::span<const std::byte> sm_90;  // of 9.0
  std::span<const std::byte> ptx;    // of later chips; zero-terminated
};

struct Kernel {
  const Module* module;
  const char* name;  // extern "C"

  auto operator<=>(const Kernel&) const = default;
};

struct Grid {
  std::uint32_t x = 1;
  std::uint32_t y = 1;
  std::uint32_t z = 1;
  std::uint32_t threads = 256;     // per block
  std::uint32_t shared_bytes = 0;  // dynamic, per block; at most 48 KiB
};

}  // namespace gpu_host::cuda
