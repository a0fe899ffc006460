#include "e2e/program.hpp"

#include <algorithm>

namespace gpu_host::e2e {

Outcome run_program(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  std::vector<std::string> command{WGH_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  // The user's own cache is none of the tests' business.
  ProcessOptions with_cache = options;
  if (std::ranges::find(options.env, "XDG_CACHE_HOME", &std::pair<std::string, std::string>::first) ==
      options.env.end()) {
    with_cache.env.emplace_back("XDG_CACHE_HOME", WGH_CACHE_DIR);
  }
  return run_process(command, with_cache);
}

std::string guest(std::string_view name) { return std::string(WGH_GUESTS_DIR "/").append(name).append(".wasm"); }

}  // namespace gpu_host::e2e
