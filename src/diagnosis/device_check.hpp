// Whether a device computes what the CPU does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.hpp"

namespace gpu_host {

struct KernelOutput {
  std::string_view kernel;  // the contract's name
  GpuResult<std::vector<std::byte>> bytes;
};

// Runs each kernel of wasi:gpu/ml-kernels once, on small data, the same at each call. Work that takes longer than a
// minute altogether ends with an error.
[[nodiscard]] std::vector<KernelOutput> run_kernels(Device& device);

// Takes out the output of matmul where it alone is device-unavailable, as without cuBLAS, which the other kernels do
// not need: why. Empty: it is not so.
[[nodiscard]] std::optional<std::string> take_missing_matmul(std::vector<KernelOutput>& outputs);

// What is wrong with `outputs` beside those of the CPU: an error, or a number that is too far off. Empty: nothing.
[[nodiscard]] std::optional<std::string> find_difference(const std::vector<KernelOutput>& outputs,
                                                         const std::vector<KernelOutput>& expected);

}  // namespace gpu_host
