// One input of the fuzzer of packed models: bytes that a stranger says are one.
#pragma once

#include <cstdint>
#include <span>

namespace gpu_host::fuzz {

// Returns if every property held; else the process ends.
void run_packed_model(std::span<const std::uint8_t> input);

}  // namespace gpu_host::fuzz
