// From the command line's words to a compiled module.
#pragma once

#include <string>

#include "cli/settings.hpp"
#include "gpu_host/host.hpp"

namespace gpu_host::cli {

// Loads a file, or standard input for "-". Where there can be no cache and none is
// required, warns and goes on without.
[[nodiscard]] Result<Module> load(const EngineSettings& engine, const std::string& path);

}  // namespace gpu_host::cli
