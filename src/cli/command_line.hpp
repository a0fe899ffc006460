// What the command line asks for.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cli/logging.hpp"
#include "gpu_host/host.hpp"

namespace gpu_host::cli {

struct RunCommand {
  std::string module;  // a path, or - for standard input
  InstanceOptions instance;
  LoggingOptions logging;
};

struct DevicesCommand {
  bool json = false;
  LoggingOptions logging;
};

// Help or the version, or what is wrong with the command line.
struct PrintAndExit {
  std::string text;
  int exit_code;
};

using Command = std::variant<RunCommand, DevicesCommand, PrintAndExit>;

[[nodiscard]] Command parse(const std::vector<std::string>& arguments);

}  // namespace gpu_host::cli
