// The command line of `run`, which is also the default.
#pragma once

#include "cli/command_line.hpp"

namespace gpu_host::cli {

// The arguments are those behind `run`.
[[nodiscard]] Command parse_run(const std::vector<std::string>& arguments);

}  // namespace gpu_host::cli
