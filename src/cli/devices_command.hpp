// wasmtime-gpu-host devices
#pragma once

#include "cli/command_line.hpp"

namespace gpu_host::cli {

[[nodiscard]] int list_devices(const DevicesCommand& command);

}  // namespace gpu_host::cli
