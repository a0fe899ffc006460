#include "util/machine_memory.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "util/proc_file.hpp"

namespace gpu_host {
namespace {

std::optional<std::uint64_t> meminfo_bytes(const std::string& root, std::string_view key) {
  const std::string text = proc_value(root + "/proc/meminfo", key);
  std::uint64_t kibibytes = 0;
  const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), kibibytes);
  if (ec != std::errc{} || kibibytes == 0) return std::nullopt;
  return kibibytes * 1024;
}

std::uint64_t physical_memory() {
  const auto pages = static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_PHYS_PAGES)));
  return pages * static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_PAGE_SIZE)));
}

// The least of the limits in the files `name` of `group` and all groups above it,
// up to the mount point. In a container the group's own folder is often not to be
// seen, but the mount point then is that group.
std::uint64_t limit_of_group(const std::string& mount, std::string group, const char* name) {
  std::uint64_t least = UINT64_MAX;
  while (true) {
    std::ifstream file(mount + group + '/' + name);
    // A number, or "max", which is not read.
    if (std::uint64_t limit = 0; file >> limit && limit > 0) least = std::min(least, limit);
    if (group.empty()) return least;
    group.resize(std::min(group.rfind('/'), group.size() - 1));
  }
}

std::uint64_t group_limit(const std::string& root) {
  std::uint64_t least = UINT64_MAX;
  const std::string mount = root + "/sys/fs/cgroup";
  std::ifstream lines(root + "/proc/self/cgroup");
  // Lines are number:controllers:group; version 2 has no controllers there.
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) least = std::min(least, limit_of_group(mount, group, "memory.max"));
    if (controllers == "memory") {
      least = std::min(least, limit_of_group(mount + "/memory", group, "memory.limit_in_bytes"));
    }
  }
  return least;
}

}  // namespace

// Strings, not paths: those of GCC 12's library free twice where memory runs out.
MachineMemory machine_memory(const std::string& root) {
  const std::uint64_t limit = group_limit(root);
  const std::uint64_t total = meminfo_bytes(root, "MemTotal").value_or(physical_memory());
  const std::uint64_t available = meminfo_bytes(root, "MemAvailable").value_or(total);
  return {std::min(total, limit), std::min(available, limit)};
}

}  // namespace gpu_host
