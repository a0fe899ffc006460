#include "cli/cli.hpp"

#include "cli/command_line.hpp"
#include "cli/devices_command.hpp"
#include "cli/logging.hpp"
#include "cli/run_command.hpp"

#include <cstdio>
#include <variant>

namespace gpu_host::cli {
namespace {

struct Perform {
  int operator()(const PrintAndExit& text) const {
    std::fputs(text.text.c_str(), text.exit_code == kSuccess ? stdout : stderr);
    return text.exit_code;
  }
  int operator()(const DevicesCommand& command) const {
    configure_logging(command.logging);
    return list_devices(command);
  }
  int operator()(const RunCommand& command) const {
    configure_logging(command.logging);
    return run(command);
  }
};

}  // namespace

int main(const std::vector<std::string>& arguments) { return std::visit(Perform{}, parse(arguments)); }

}  // namespace gpu_host::cli
