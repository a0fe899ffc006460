// One input of the fuzzer from start to end: fresh instances and their steps.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace gpu_host::fuzz {

// Returns if every property held; else the process ends.
void run_input(std::span<const std::uint8_t> input, const std::string& backend);

// The same on the cpu backend and on this one side by side, whose results must agree.
void run_input_on_both(std::span<const std::uint8_t> input, const std::string& backend);

}  // namespace gpu_host::fuzz
