// What the option groups -W, -O, -C, -S and -G set.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "cli/option_group.hpp"
#include "gpu_host/host.hpp"
#include "gpu_host/instance.hpp"

namespace gpu_host::cli {

struct EngineSettings {
  HostOptions options;
  // The cache was asked for, so that it is an error if there can be none.
  bool cache_required = false;
};

struct Settings {
  HostOptions host;
  InstanceOptions instance;
  std::optional<bool> cache;  // empty: if there can be one
  bool inherit_env = false;
  bool working_folder = false;  // the guest's is this process's

  [[nodiscard]] EngineSettings engine() const;
};

// What decides how a module is compiled: -W, -O, -C. They refer to `settings`.
[[nodiscard]] std::vector<OptionGroup> engine_groups(Settings& settings);

// These, and what it is given when it runs: -S, -G.
[[nodiscard]] std::vector<OptionGroup> all_groups(Settings& settings);

}  // namespace gpu_host::cli
