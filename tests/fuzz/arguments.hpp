// Draws arguments for a call: mostly such as make sense, else such as have hurt.
#pragma once

#include <array>
#include <cstdint>

#include "fuzz/byte_reader.hpp"
#include "fuzz/functions.hpp"
#include "fuzz/model.hpp"

namespace gpu_host::fuzz {

// One flat value for each parameter; 32-bit ones are in the lower half.
using Values = std::array<std::uint64_t, kMaxParameters>;

[[nodiscard]] inline std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

[[nodiscard]] Values draw_arguments(ByteReader& bytes, const Function& function, const Model& model,
                                    std::uint32_t memory_pages);

}  // namespace gpu_host::fuzz
