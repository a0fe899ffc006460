#include "cli/command_line.hpp"

#include <fmt/format.h>

#include "cli/app.hpp"
#include "cli/parse_compile.hpp"
#include "cli/parse_run.hpp"

namespace gpu_host::cli {
namespace {

Command parse_devices(const std::vector<std::string>& arguments) {
  DevicesCommand command;
  CLI::App app("Lists each backend: usable, or why not.", fmt::format("{} devices", kProgram));
  app.add_flag("--json", command.json, "As JSON");
  add_logging(app, command.logging);
  if (auto printed = parse_with(app, arguments)) return *std::move(printed);
  return command;
}

Command parse_doctor(const std::vector<std::string>& arguments) {
  DoctorCommand command;
  CLI::App app(
      "Looks for what keeps this machine from doing what it could: drivers, libraries,\n"
      "permissions, limits, and a run of every kernel on every device, compared with the\n"
      "CPU. Prints causes and remedies; exits with 1 where there is a fault.",
      fmt::format("{} doctor", kProgram));
  app.add_option("--backend", command.backend, "Try the devices of this one only; that it has none is a fault")
      ->type_name("NAME")
      ->check(not_empty);
  app.add_flag("--json", command.json, "As JSON");
  add_logging(app, command.logging);
  if (auto printed = parse_with(app, arguments)) return *std::move(printed);
  return command;
}

}  // namespace

Command parse(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    if (arguments.front() == "compile") return parse_compile(rest);
    if (arguments.front() == "devices") return parse_devices(rest);
    if (arguments.front() == "doctor") return parse_doctor(rest);
    if (arguments.front() == "run") return parse_run(rest);
    if (arguments.front() == "help") return parse_run({"--help"});
  }
  return parse_run(arguments);
}

}  // namespace gpu_host::cli
