#include "diagnosis/process_checks.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "backend/registry.hpp"
#include "util/machine_memory.hpp"

namespace gpu_host {
namespace {

constexpr std::uint64_t kLittleMemory = std::uint64_t{1} << 30U;
// A guest's memory takes 4 GiB of addresses and its guards, whatever it uses of them; drivers take some more.
constexpr std::uint64_t kFewAddresses = std::uint64_t{16} << 30U;
constexpr std::uint64_t kFewDescriptors = 256;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

double gibibytes(std::uint64_t bytes) { return static_cast<double>(bytes) / 0x1p30; }

void add_missing_file(std::vector<Finding>& findings, const char* name, const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return;
  findings.push_back({"environment", Verdict::fault, fmt::format("{} names {}, which cannot be read", name, path),
                      fmt::format("unset {}, or name what is there", name)});
}

// Of a variable that names files, separated by colons.
void add_missing_files(std::vector<Finding>& findings, const char* name) {
  const std::string value = variable(name);
  for (std::size_t begin = 0; begin < value.size();) {
    const std::size_t end = std::min(value.find(':', begin), value.size());
    add_missing_file(findings, name, value.substr(begin, end - begin));
    begin = end + 1;
  }
}

// Empty: as much as one likes.
std::optional<std::uint64_t> limit_of(decltype(RLIMIT_AS) resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return limit.rlim_cur;
}

}  // namespace

std::vector<Finding> check_environment() {
  std::vector<Finding> findings;
  if (const auto choice = check_choice({}); !choice) {
    findings.push_back({"environment", Verdict::fault, choice.error().message, "unset WASMTIME_GPU_HOST_BACKEND"});
  }
  for (const char* const name : {"VK_DRIVER_FILES", "VK_ICD_FILENAMES"}) add_missing_files(findings, name);
  for (const char* const name : {"WGPU_NATIVE_LIBRARY", "WASMTIME_GPU_HOST_CUDA_PATH"}) {
    add_missing_file(findings, name, variable(name));
  }
  const std::string visible = variable("CUDA_VISIBLE_DEVICES");
  if (std::getenv("CUDA_VISIBLE_DEVICES") != nullptr && (visible.empty() || visible.starts_with('-'))) {
    findings.push_back({"environment", Verdict::note,
                        fmt::format("CUDA_VISIBLE_DEVICES={} hides every GPU from cuda", visible),
                        "unset CUDA_VISIBLE_DEVICES"});
  }
  return findings;
}

std::vector<Finding> check_limits() {
  std::vector<Finding> findings;
  const MachineMemory memory = machine_memory();
  const std::string text = fmt::format("{:.1f} GiB, of which {:.1f} GiB are available", gibibytes(memory.total),
                                       gibibytes(memory.available));
  if (memory.available < kLittleMemory) {
    findings.push_back(
        {"memory", Verdict::note, text, "end other programs, or give the container more (docker run --memory)"});
  } else {
    findings.push_back({"memory", Verdict::good, text, ""});
  }
  if (const auto addresses = limit_of(RLIMIT_AS); addresses && *addresses < kFewAddresses) {
    findings.push_back({"address space", Verdict::fault,
                        fmt::format("limited to {:.1f} GiB; a guest's memory takes 4 GiB of it, and drivers take more",
                                    gibibytes(*addresses)),
                        "ulimit -v unlimited; quotas are set with -W max-memory-size and -G max-memory"});
  }
  if (const auto files = limit_of(RLIMIT_NOFILE); files && *files < kFewDescriptors) {
    findings.push_back({"open files", Verdict::fault,
                        fmt::format("limited to {}; drivers and folders need more", *files),
                        "ulimit -n 1024; in a container: docker run --ulimit nofile=1024"});
  }
  return findings;
}

}  // namespace gpu_host
