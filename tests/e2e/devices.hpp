// What `devices` says of this machine.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "e2e/program.hpp"

namespace gpu_host::e2e {

[[nodiscard]] inline nlohmann::json listed_devices(const ProcessOptions& options = {}) {
  return nlohmann::json::parse(run_program({"devices", "--json"}, options).out);
}

// Why `backend` cannot be used; empty where it can.
[[nodiscard]] inline std::string reason_against(const std::string& backend, const ProcessOptions& options = {}) {
  std::string reason;
  for (const auto& entry : listed_devices(options)) {
    if (entry.at("backend") != backend) continue;
    if (entry.at("usable").get<bool>()) return "";
    reason = entry.at("reason");
  }
  return reason;
}

}  // namespace gpu_host::e2e
