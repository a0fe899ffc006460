// The library's log. Silent, until a program gives it sinks and a level.
#pragma once

#include <spdlog/logger.h>

namespace gpu_host {

[[nodiscard]] spdlog::logger& logger();

}  // namespace gpu_host
