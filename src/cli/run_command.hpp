// wasmtime-gpu-host run
#pragma once

#include "cli/command_line.hpp"

namespace gpu_host::cli {

[[nodiscard]] int run(const RunCommand& command);

}  // namespace gpu_host::cli
