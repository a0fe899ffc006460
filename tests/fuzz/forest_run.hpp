// One input of the forest's fuzzer: a sequence of calls of wasi:gpu/forest on a small quota, held against the contract.
#pragma once

#include <cstdint>
#include <span>

namespace gpu_host::fuzz {

// Returns if every property held; else the process ends.
void run_forest(std::span<const std::uint8_t> input);

}  // namespace gpu_host::fuzz
