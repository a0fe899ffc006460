// One input of the fuzzer from start to end: a fresh instance and its steps.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace gpu_host::fuzz {

// Returns if every property held; else the process ends.
void run_input(std::span<const std::uint8_t> input, const std::string& backend);

}  // namespace gpu_host::fuzz
