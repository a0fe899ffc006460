// Calls that several comparisons make. Buffers are ids.
#pragma once

#include <cstdint>

#include "guest_loop.hpp"

namespace gpu_host::bench {

// The numbers of wit/ml-kernels.wit.
enum class Elementwise : std::uint32_t { relu, sigmoid, tanh, add, mul, sqrt, exp, log };
inline constexpr std::uint32_t kSum = 0;

[[nodiscard]] inline Call unary(Elementwise op, std::uint32_t size, std::uint32_t input, std::uint32_t output) {
  return {kMlKernels, "kernel-elementwise", {size, static_cast<std::uint32_t>(op), input, 0u, 0u, output}};
}

[[nodiscard]] inline Call binary(Elementwise op, std::uint32_t size, std::uint32_t a, std::uint32_t b,
                                 std::uint32_t output) {
  return {kMlKernels, "kernel-elementwise", {size, static_cast<std::uint32_t>(op), a, 1u, b, output}};
}

[[nodiscard]] inline Call sum(std::uint32_t size, std::uint32_t input, std::uint32_t output) {
  return {kMlKernels, "kernel-reduce", {size, kSum, input, output}};
}

[[nodiscard]] inline Call sync() { return {.interface = kCompute, .function = "sync", .has_result = false}; }

}  // namespace gpu_host::bench
