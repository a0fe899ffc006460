#include "cli/cli.hpp"

#include "cli/command_line.hpp"
#include "cli/compile_command.hpp"
#include "cli/devices_command.hpp"
#include "cli/doctor_command.hpp"
#include "cli/logging.hpp"
#include "cli/run_command.hpp"

#include <cstdio>
#include <variant>

namespace gpu_host::cli {
namespace {

// What was printed has arrived; else what to exit with.
int after_printing(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  std::fputs("wasmtime-gpu-host: error: cannot write to standard output\n", stderr);
  return kHostError;
}

struct Perform {
  int operator()(const PrintAndExit& text) const {
    std::fputs(text.text.c_str(), text.exit_code == kSuccess ? stdout : stderr);
    return after_printing(text.exit_code);
  }
  int operator()(const DevicesCommand& command) const {
    configure_logging(command.logging);
    return after_printing(list_devices(command));
  }
  int operator()(const DoctorCommand& command) const {
    configure_logging(command.logging);
    return after_printing(run_doctor(command));
  }
  int operator()(const RunCommand& command) const {
    configure_logging(command.logging);
    return after_printing(run(command));
  }
  int operator()(const CompileCommand& command) const {
    configure_logging(command.logging);
    return compile(command);
  }
};

}  // namespace

int main(const std::vector<std::string>& arguments) { return std::visit(Perform{}, parse(arguments)); }

}  // namespace gpu_host::cli
