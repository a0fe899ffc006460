// Where the CUDA libraries lie that are opened at run time.
#pragma once

#include <string_view>
#include <vector>

#include "gpu_host/result.hpp"

namespace gpu_host::cuda {

// Opens the first of `names`, such as libcublas.so.12, that is found: in the folder that the
// environment variable WASMTIME_GPU_HOST_CUDA_PATH names, in the loader's path, in /usr/local/cuda,
// and, with the name of NVIDIA's package for Python (`package`, such as cublas; may be empty), in the
// site-packages of the Pythons of this machine. It stays open for good. The error names what was looked for.
[[nodiscard]] Result<void*> open_library(const std::vector<const char*>& names, std::string_view package);

}  // namespace gpu_host::cuda
