#include "e2e/program.hpp"

#include <algorithm>

namespace gpu_host::e2e {

Outcome run_program(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  std::vector<std::string> command{WGH_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  // The user's own cache is none of the tests' business. Of a runtime folder that is not
  // set, Mesa's drivers complain on standard error.
  ProcessOptions with_folders = options;
  for (const std::string name : {"XDG_CACHE_HOME", "XDG_RUNTIME_DIR"}) {
    if (std::ranges::find(options.env, name, &std::pair<std::string, std::string>::first) == options.env.end()) {
      with_folders.env.emplace_back(name, WGH_CACHE_DIR);
    }
  }
  return run_process(command, with_folders);
}

std::string guest(std::string_view name) { return std::string(WGH_GUESTS_DIR "/").append(name).append(".wasm"); }

}  // namespace gpu_host::e2e
