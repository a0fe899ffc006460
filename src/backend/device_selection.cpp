#include "backend/device_selection.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "util/container_gpus.hpp"
#include "util/log.hpp"

namespace gpu_host {
namespace {

constexpr const char* kEnvironmentVariable = "WASMTIME_GPU_HOST_BACKEND";

// "there are: cuda (device 0: this build has no cuda backend), cpu (device 0: usable)"
std::string what_there_is(std::span<Backend* const> backends) {
  std::string text = "there are: ";
  for (Backend* const backend : backends) {
    if (backend != backends.front()) text += ", ";
    text += std::string(backend->name()) + " (";
    bool first = true;
    for (const DeviceEntry& entry : backend->devices()) {
      if (!first) text += "; ";
      first = false;
      text += "device " + std::to_string(entry.index) + ": " + (entry.info ? "usable" : entry.reason);
    }
    text += ')';
  }
  return text;
}

std::string quoted(const NamedBackend& named) {
  return "backend '" + named.name + "'" +
         (named.from_environment ? std::string(" (named by the environment variable ") + kEnvironmentVariable + ")"
                                 : std::string());
}

auto find_backend(std::span<Backend* const> backends, const NamedBackend& named) {
  return std::find_if(backends.begin(), backends.end(), [&named](Backend* b) { return b->name() == named.name; });
}

bool is_automatic(const Backend& backend, const DeviceEntry& entry) {
  return entry.info && (entry.info->is_hardware || backend.name() == "cpu");
}

// One device of one backend; `what` names the backend in errors.
Result<std::shared_ptr<Device>> open_index(std::span<Backend* const> backends, Backend& backend,
                                           const std::string& what, std::uint32_t index) {
  const std::string device = "device " + std::to_string(index) + " of " + what;
  const std::vector<DeviceEntry> entries = backend.devices();
  const auto entry = std::find_if(entries.begin(), entries.end(), [index](const auto& e) { return e.index == index; });
  if (entry == entries.end()) {
    const bool any = std::any_of(entries.begin(), entries.end(), [](const auto& e) { return e.info.has_value(); });
    return error(any ? ErrorKind::not_found : ErrorKind::device,
                 device + " does not exist; " + what_there_is(backends));
  }
  if (!entry->info) {
    return error(ErrorKind::device, device + " cannot be used: " + entry->reason + "; " + what_there_is(backends));
  }
  auto opened = backend.open(index);
  if (!opened) {
    return error(ErrorKind::device,
                 device + " cannot be opened: " + opened.error().message + "; " + what_there_is(backends));
  }
  return std::move(*opened);
}

// The backend's first device that opens.
Result<std::shared_ptr<Device>> open_first(std::span<Backend* const> backends, Backend& backend,
                                           const std::string& what) {
  std::string reasons;
  for (const DeviceEntry& entry : backend.devices()) {
    std::string reason = entry.reason;
    if (entry.info) {
      auto opened = backend.open(entry.index);
      if (opened) return std::move(*opened);
      reason = opened.error().message;
    }
    reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  return error(ErrorKind::device, what + " cannot be used: " + reasons + "; " + what_there_is(backends));
}

// The CPU is not what an image wants that asks for GPUs.
void warn_of_missing_gpu(const Backend& taken) {
  if (taken.name() != "cpu" || !misses_its_gpus()) return;
  logger().warn("this container was given no GPU, the CPU does the work: start it with {}", kGpuFlags);
}

Result<std::shared_ptr<Device>> open_best(std::span<Backend* const> backends, std::optional<std::uint32_t> index) {
  std::string reasons;
  for (Backend* const backend : backends) {
    if (!backend->may_have_hardware()) continue;
    for (const DeviceEntry& entry : backend->devices()) {
      if (!is_automatic(*backend, entry)) continue;
      if (index) return open_index(backends, *backend, std::string(backend->name()), *index);
      auto opened = backend->open(entry.index);
      if (opened) {
        warn_of_missing_gpu(*backend);
        return std::move(*opened);
      }
      logger().warn("{} is passed over: {}", backend->name(), opened.error().message);
      reasons += "; " + opened.error().message;
    }
  }
  return error(ErrorKind::device, "no backend can be used" + reasons + "; " + what_there_is(backends));
}

}  // namespace

NamedBackend named_backend(const DeviceChoice& choice) {
  if (!choice.backend.empty()) return {choice.backend, false};
  const char* const value = std::getenv(kEnvironmentVariable);
  if (value == nullptr || *value == '\0') return {};
  return {value, true};
}

Result<void> check_name(std::span<Backend* const> backends, const NamedBackend& named) {
  if (named.name.empty() || find_backend(backends, named) != backends.end()) return {};
  return error(ErrorKind::invalid_argument, quoted(named) + " is unknown; " + what_there_is(backends));
}

Result<std::shared_ptr<Device>> select_device(std::span<Backend* const> backends, const NamedBackend& named,
                                              std::optional<std::uint32_t> index) {
  if (named.name.empty()) return open_best(backends, index);
  if (auto known = check_name(backends, named); !known) return std::unexpected(std::move(known.error()));
  Backend& backend = **find_backend(backends, named);
  if (index) return open_index(backends, backend, quoted(named), *index);
  return open_first(backends, backend, quoted(named));
}

}  // namespace gpu_host
