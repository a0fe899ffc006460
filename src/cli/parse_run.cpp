#include "cli/parse_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <span>
#include <utility>

#include "cli/app.hpp"

namespace gpu_host::cli {
namespace {

constexpr const char* kDescription =
    "Runs a WebAssembly module with WASI preview 1 and wasi:gpu. The module reaches\n"
    "standard input and output and what the options give it, nothing else.\n";

constexpr const char* kFooter =
    "\nMODULE is a .wasm or .wat file, or - for standard input. Everything behind it is\n"
    "the guest's.\n"
    "\nOther commands, each with --help:\n"
    "  wasmtime-gpu-host compile [OPTIONS] MODULE   to a .cwasm file\n"
    "  wasmtime-gpu-host devices [--json]           each backend: usable, or why not\n"
    "  wasmtime-gpu-host doctor [--json]            what is wrong with this machine, and what to do\n"
    "\nExit codes: the guest's own; 134 for a trap or a limit; 1 for an error of the host;\n"
    "2 for a wrong command line.\n"
    "\nEnvironment: WASMTIME_GPU_HOST_BACKEND (as --backend), RUST_LOG (as --log).";

// HOST[::GUEST]
Preopen parse_dir(const std::string& text) {
  const auto separator = text.find("::");
  if (separator == std::string::npos) return {text, text};
  return {text.substr(0, separator), text.substr(separator + 2)};
}

// NAME[=VALUE]; a name alone takes this process's value, if it has one.
// Of two for one name the last counts.
void add_env(const std::string& text, InstanceOptions& instance) {
  const auto equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const char* inherited = std::getenv(name.c_str());
  if (equals == std::string::npos && inherited == nullptr) return;
  std::erase_if(instance.env, [&](const auto& variable) { return variable.first == name; });
  instance.env.emplace_back(name, equals == std::string::npos ? inherited : text.substr(equals + 1));
}

void inherit_env(InstanceOptions& instance) {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text(*variable);
    if (text.find('=', 1) != std::string::npos) add_env(text, instance);
  }
}

StatsFormat stats_format(const std::string& word) {
  if (word.empty()) return StatsFormat::none;
  return word == "json" ? StatsFormat::json : StatsFormat::table;
}

// What the options say beside the groups.
struct Given {
  std::vector<std::string> dirs;
  std::vector<std::string> env;
  std::optional<std::string> workdir;
  std::string argv0;
  std::string profile;
  std::string stats;
};

void add_guest_options(CLI::App& app, Given& given, Settings& settings, RunCommand& command) {
  InstanceOptions& instance = settings.instance;
  app.add_option("--backend", instance.device.backend, "cpu, cuda or webgpu; default: the best that works")
      ->type_name("NAME")
      ->check(not_empty);
  app.add_option("--device", instance.device.index, "Which device of the backend, as `devices` numbers them")
      ->type_name("N")
      ->check(not_empty);
  app.add_option("-d,--workdir", given.workdir, "A folder that becomes the guest's working folder (.)")
      ->type_name("DIR");
  add_repeated(app, "--dir", given.dirs, "A folder for the guest, by its own name or another")
      ->type_name("HOST[::GUEST]");
  add_repeated(app, "--env", given.env, "A variable for the guest; NAME alone passes on this process's")
      ->type_name("NAME[=VALUE]")
      ->check(not_empty);
  app.add_option("--argv0", given.argv0, "What the guest sees as its own name")->type_name("NAME");
  app.add_option("--invoke", command.invoke, "Call this function with ARGS, print its results")
      ->type_name("NAME")
      ->check(not_empty);
  app.add_flag("--allow-precompiled", settings.host.allow_precompiled,
               "Take a .cwasm, machine code that nobody checks: only your own")
      ->disable_flag_override();
}

void add_insight_options(CLI::App& app, Given& given, RunCommand& command) {
  app.add_flag("--stats{table}", given.stats,
               "Print calls, bytes and times of wasi:gpu's functions; --stats=json: as JSON")
      ->check([](const std::string& word) {
        return word == "table" || word == "json" ? "" : "'" + word + "' is unknown; there are table, json";
      });
  app.add_option("--trace", command.trace,
                 "Write wasi:gpu's timeline for chrome://tracing or Perfetto (complete unless a signal ends it)")
      ->type_name("FILE")
      ->check(not_empty);
  app.add_option("--profile", given.profile, std::string(kProfileForms))
      ->type_name("KIND")
      ->check([](const std::string& text) {
        return parse_profile(text) ? "" : fmt::format("'{}' is none of {}", text, kProfileForms);
      });
}

void give(const Given& given, const Settings& settings, InstanceOptions& instance) {
  if (given.workdir) instance.preopens.push_back({*given.workdir, "."});
  if (settings.working_folder) instance.preopens.push_back({".", "."});
  for (const std::string& dir : given.dirs) instance.preopens.push_back(parse_dir(dir));
  if (settings.inherit_env) inherit_env(instance);
  for (const std::string& variable : given.env) add_env(variable, instance);
}

}  // namespace

Command parse_run(const std::vector<std::string>& arguments) {
  RunCommand command;
  Settings settings;
  Given given;
  CLI::App app(kDescription, kProgram);
  app.formatter(std::make_shared<HelpFormatter>("[run] [OPTIONS] MODULE [ARGS...]"));
  app.footer(kFooter);
  app.prefix_command();
  app.set_version_flag("-V,--version", version_text());
  add_guest_options(app, given, settings, command);
  add_insight_options(app, given, command);
  const GroupArguments groups(app, all_groups(settings));
  add_logging(app, command.logging);

  if (auto printed = parse_with(app, arguments)) return *std::move(printed);
  if (auto printed = groups.apply()) return *std::move(printed);
  std::vector<std::string> rest = app.remaining();
  if (!rest.empty() && rest.front() == "--")
    rest.erase(rest.begin());
  else if (!rest.empty() && rest.front().size() > 1 && rest.front().front() == '-') {
    return usage_error(fmt::format("unknown option '{}'", rest.front()));
  }
  if (rest.empty()) return usage_error("no MODULE given");
  if (settings.working_folder && given.workdir) {
    return usage_error("-d and -S cwd both name the guest's working folder");
  }

  if (!given.profile.empty()) {
    const auto profile = parse_profile(given.profile);
    settings.host.profiler = profile->profiler;
    command.profile = profile->guest;
  }
  if (command.profile) {
    settings.host.interruptible = true;
    settings.instance.profile_interval = command.profile->interval;
  }
  command.engine = settings.engine();
  command.instance = std::move(settings.instance);
  give(given, settings, command.instance);
  command.module = rest.front();
  command.arguments.assign(rest.begin() + 1, rest.end());
  InstanceOptions& instance = command.instance;
  instance.args = std::move(rest);
  if (!given.argv0.empty()) {
    instance.args.front() = given.argv0;
  } else if (command.module != "-") {
    instance.args.front() = std::filesystem::path(command.module).filename().string();
  }
  command.stats = stats_format(given.stats);
  return command;
}

}  // namespace gpu_host::cli
