#include "util/machine_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace gpu_host {
namespace {

// The number in a file that holds one, or nothing: for "max" and for no file.
std::optional<std::uint64_t> read_number(const char* path) {
  std::ifstream file(path);
  std::uint64_t value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

std::optional<std::uint64_t> cgroup_limit() {
  if (auto v2 = read_number("/sys/fs/cgroup/memory.max")) return v2;
  return read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes");
}

std::uint64_t cgroup_usage() {
  if (auto v2 = read_number("/sys/fs/cgroup/memory.current")) return *v2;
  return read_number("/sys/fs/cgroup/memory/memory.usage_in_bytes").value_or(0);
}

std::uint64_t physical_memory() {
  const auto pages = static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_PHYS_PAGES)));
  return pages * static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_PAGESIZE)));
}

std::optional<std::uint64_t> mem_available() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::uint64_t kibibytes = 0;
  std::string unit;
  while (file >> key >> kibibytes) {
    std::getline(file, unit);
    if (key == "MemAvailable:") return kibibytes * 1024;
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t total_machine_memory() {
  return std::max<std::uint64_t>(1, std::min(physical_memory(), cgroup_limit().value_or(physical_memory())));
}

std::uint64_t available_machine_memory() {
  std::uint64_t available = mem_available().value_or(physical_memory());
  if (const auto limit = cgroup_limit()) {
    const std::uint64_t used = cgroup_usage();
    available = std::min(available, *limit > used ? *limit - used : 0);
  }
  return std::max<std::uint64_t>(1, available);
}

}  // namespace gpu_host
