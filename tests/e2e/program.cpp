#include "e2e/program.hpp"

namespace gpu_host::e2e {

Outcome run_program(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  std::vector<std::string> command{WGH_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command, options);
}

std::string guest(std::string_view name) { return std::string(WGH_GUESTS_DIR "/").append(name).append(".wasm"); }

}  // namespace gpu_host::e2e
