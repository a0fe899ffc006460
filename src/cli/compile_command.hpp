// wasmtime-gpu-host compile
#pragma once

#include "cli/command_line.hpp"

namespace gpu_host::cli {

[[nodiscard]] int compile(const CompileCommand& command);

}  // namespace gpu_host::cli
