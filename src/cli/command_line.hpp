// What the command line asks for.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/logging.hpp"
#include "cli/print_and_exit.hpp"
#include "cli/profile.hpp"
#include "cli/settings.hpp"
#include "gpu_host/instance.hpp"

namespace gpu_host::cli {

enum class StatsFormat : std::uint8_t { none, table, json };

struct RunCommand {
  std::string module;  // a path, or - for standard input
  EngineSettings engine;
  InstanceOptions instance;
  std::optional<std::string> invoke = {};   // a function to call; empty: _start
  std::vector<std::string> arguments = {};  // what is behind MODULE
  std::optional<GuestProfile> profile = {};
  StatsFormat stats = StatsFormat::none;
  std::optional<std::string> trace = {};  // a file
  LoggingOptions logging;
};

struct CompileCommand {
  std::string module;  // a path, or - for standard input
  std::filesystem::path output;
  EngineSettings engine;
  LoggingOptions logging;
};

struct DevicesCommand {
  bool json = false;
  LoggingOptions logging;
};

struct DoctorCommand {
  std::string backend;  // whose devices are tried; empty: all
  bool json = false;
  LoggingOptions logging;
};

using Command = std::variant<RunCommand, CompileCommand, DevicesCommand, DoctorCommand, PrintAndExit>;

[[nodiscard]] Command parse(const std::vector<std::string>& arguments);

}  // namespace gpu_host::cli
