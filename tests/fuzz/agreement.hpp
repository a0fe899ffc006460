// How close the results of two backends for one kernel call must be.
#pragma once

#include <cstddef>
#include <span>

#include "fuzz/interpreter.hpp"
#include "fuzz/model.hpp"

namespace gpu_host::fuzz {

// They may count as zeros, which changes a product, a comparison or a way down a tree by any amount.
[[nodiscard]] bool has_subnormals(const Interpreter::KernelCall& call, const Model& before);

// The whole output buffer, on both, of a call that succeeded on the buffers `before`.
void check_agreement(const Interpreter::KernelCall& call, const Model& before, std::span<const std::byte> one,
                     std::span<const std::byte> other);

}  // namespace gpu_host::fuzz
