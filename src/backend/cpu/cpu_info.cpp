#include "backend/cpu/cpu_info.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <string>

#include "util/machine_memory.hpp"
#include "util/proc_file.hpp"

namespace gpu_host::cpu {
namespace {

std::string architecture() {
  utsname system{};
  if (uname(&system) != 0) return "unknown";
  std::string name = system.machine;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

}  // namespace

DeviceInfo cpu_info(const std::string& root) {
  std::string name = proc_value(root + "/proc/cpuinfo", "model name");
  if (name.empty()) name = architecture();
  return {.name = std::move(name),
          .backend = "cpu",
          .total_memory = machine_memory(root).total,
          .is_hardware = false,
          .compute_capability = architecture()};
}

}  // namespace gpu_host::cpu
