// wasmtime-gpu-host doctor: what keeps this machine from doing what it could.
#pragma once

#include "cli/command_line.hpp"

namespace gpu_host::cli {

// The exit code: kHostError where there is a fault.
[[nodiscard]] int run_doctor(const DoctorCommand& command);

}  // namespace gpu_host::cli
