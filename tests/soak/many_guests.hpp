// Short-lived guests that end in every way there is.
#pragma once

#include <cstdint>
#include <string>

#include "gpu_host/instance.hpp"

namespace gpu_host::soak {

enum class End : std::uint8_t {
  returns,
  exits,
  traps,
  traps_in_a_call,
  meets_the_timeout,
  meets_the_timeout_in_calls,
  meets_the_timeout_in_kernels,
  meets_the_gpu_time,
  is_interrupted,
  is_never_run,
};
inline constexpr std::uint32_t kEnds = 10;

[[nodiscard]] Host interruptible_host();

// The guest of run_one. Compiles it.
[[nodiscard]] Module load_guest(const Host& host);

// Makes an instance that computes on buffers and leaves them behind, and ends it in
// this way. Checks what it computed and how it ended. `elements`: at most 262144.
void run_one(const Module& module, End end, std::uint32_t elements, std::uint32_t seed,
             const std::string& backend = "cpu");

}  // namespace gpu_host::soak
