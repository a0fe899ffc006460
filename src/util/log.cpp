#include "util/log.hpp"

namespace gpu_host {
namespace {

spdlog::logger silent_logger() {
  spdlog::logger logger("wasmtime-gpu-host");  // no sinks
  logger.set_level(spdlog::level::off);
  return logger;
}

}  // namespace

spdlog::logger& logger() {
  static spdlog::logger the_logger = silent_logger();
  return the_logger;
}

}  // namespace gpu_host
