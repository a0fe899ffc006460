// What the program does where nothing is to be run.
#pragma once

#include <string>
#include <string_view>

namespace gpu_host::cli {

inline constexpr const char* kProgram = "wasmtime-gpu-host";

// Help or the version, or what is wrong with the command line.
struct PrintAndExit {
  std::string text;
  int exit_code;
};

[[nodiscard]] PrintAndExit usage_error(std::string_view what);

}  // namespace gpu_host::cli
