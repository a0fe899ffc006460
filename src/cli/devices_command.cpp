#include "cli/devices_command.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/cli.hpp"
#include "gpu_host/devices.hpp"

namespace gpu_host::cli {
namespace {

nlohmann::ordered_json to_json(const DeviceEntry& entry) {
  nlohmann::ordered_json json{{"backend", entry.backend}, {"device", entry.index}, {"usable", entry.info.has_value()}};
  if (entry.info) {
    json["name"] = entry.info->name;
    json["total_memory"] = nullptr;
    if (entry.info->total_memory > 0) json["total_memory"] = entry.info->total_memory;
    json["is_hardware"] = entry.info->is_hardware;
    json["compute_capability"] = entry.info->compute_capability;
    json["details"] = entry.details;
  } else {
    json["reason"] = entry.reason;
  }
  return json;
}

std::string memory_text(std::uint64_t bytes) {
  return bytes == 0 ? "memory unknown" : fmt::format("{:.1f} GiB", static_cast<double>(bytes) / 0x1p30);
}

void print_line(const DeviceEntry& entry) {
  if (entry.info) {
    fmt::print("{:<7} {:<3} usable      {}, {}, {}{}{}\n", entry.backend, entry.index, entry.info->name,
               memory_text(entry.info->total_memory), entry.info->compute_capability, entry.details.empty() ? "" : ", ",
               entry.details);
  } else {
    fmt::print("{:<7} {:<3} not usable  {}\n", entry.backend, "-", entry.reason);
  }
}

}  // namespace

int list_devices(const DevicesCommand& command) {
  const auto entries = gpu_host::list_devices();
  if (command.json) {
    auto all = nlohmann::ordered_json::array();
    for (const DeviceEntry& entry : entries) all.push_back(to_json(entry));
    // Names come from drivers, which need not speak UTF-8.
    fmt::print("{}\n", all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    for (const DeviceEntry& entry : entries) print_line(entry);
  }
  return kSuccess;
}

}  // namespace gpu_host::cli
