// The command line of `compile`.
#pragma once

#include "cli/command_line.hpp"

namespace gpu_host::cli {

// The arguments are those behind `compile`.
[[nodiscard]] Command parse_compile(const std::vector<std::string>& arguments);

}  // namespace gpu_host::cli
