// The program wasmtime-gpu-host.
#pragma once

#include <string>
#include <vector>

namespace gpu_host::cli {

// Exit codes, as wasmtime's. Everything else is the guest's own.
inline constexpr int kSuccess = 0;
inline constexpr int kHostError = 1;
inline constexpr int kUsageError = 2;
inline constexpr int kTrap = 134;  // a trap or a limit

// The arguments are those behind the program's name. Prints, returns the exit code.
[[nodiscard]] int main(const std::vector<std::string>& arguments);

}  // namespace gpu_host::cli
