#include "util/container_gpus.hpp"

#include <unistd.h>

#include <cstdlib>

namespace gpu_host {

bool misses_its_gpus(const std::string& root) {
  const char* const value = std::getenv("NVIDIA_VISIBLE_DEVICES");
  const std::string_view asks = value == nullptr ? "" : value;
  if (asks.empty() || asks == "void" || asks == "none") return false;
  return access((root + "/dev/nvidiactl").c_str(), F_OK) != 0 && access((root + "/dev/dxg").c_str(), F_OK) != 0;
}

}  // namespace gpu_host
