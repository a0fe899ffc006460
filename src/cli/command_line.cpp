#include "cli/command_line.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "cli/cli.hpp"
#include "cli/duration.hpp"
#include "cli/option_group.hpp"

namespace gpu_host::cli {
namespace {

constexpr const char* kProgram = "wasmtime-gpu-host";

constexpr const char* kDescription =
    "Runs a WebAssembly module with WASI preview 1 and wasi:gpu. The module reaches\n"
    "standard input and output and what the options give it, nothing else.\n";

constexpr const char* kFooter =
    "\nMODULE is a .wasm or .wat file, or - for standard input. Everything behind it is\n"
    "the guest's.\n"
    "\nOther commands:\n"
    "  wasmtime-gpu-host devices [--json]   each backend: usable, or why not\n"
    "\nExit codes: the guest's own; 134 for a trap or a limit; 1 for an error of the host;\n"
    "2 for a wrong command line.\n"
    "\nEnvironment: WASMTIME_GPU_HOST_BACKEND (as --backend), RUST_LOG (as --log).";

std::string version_text() { return fmt::format("{} {} (Wasmtime {})\n", kProgram, version(), wasmtime_version()); }

// CLI11 cannot know of the module and the arguments that follow the options.
class RunFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App*, std::string) const override {
    return fmt::format("Usage: {} [run] [OPTIONS] MODULE [ARGS...]\n", kProgram);
  }
};

PrintAndExit usage_error(std::string_view what) {
  return {fmt::format("{}: error: {}\nTry '{} --help'.\n", kProgram, what, kProgram), kUsageError};
}

// Options that may be given often take one value each time, else they would
// swallow the module.
CLI::Option* add_repeated(CLI::App& app, const char* name, std::vector<std::string>& values, const char* help) {
  return app.add_option(name, values, help)->allow_extra_args(false);
}

// An unset variable of a shell must not look like an option that was not given.
std::string not_empty(const std::string& value) { return value.empty() ? "the value is empty" : ""; }

void add_logging(CLI::App& app, LoggingOptions& logging) {
  app.add_flag("-v,--verbose", logging.verbosity, "Say more: -v info, -vv debug, -vvv trace")->disable_flag_override();
  app.add_option("--log", logging.level, "Log level: off, error, warn (default), info, debug, trace")
      ->type_name("LEVEL")
      ->check([](const std::string& word) {
        return parse_level(word) ? "" : "unknown level '" + word + "'; there are off, error, warn, info, debug, trace";
      });
}

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

OptionGroup wasm_group(InstanceOptions& instance) {
  return {"-W",
          {{"timeout", "TIME", "end the run after this time: 1s, 250ms; a bare number is seconds",
            [&](const std::string& value) {
              instance.limits.timeout = parse_duration(value);
              return instance.limits.timeout.has_value();
            }},
           {"unknown-imports-trap", "", "unknown imports trap when they are called",
            [&](const std::string& value) {
              return set_if(value, [&] { instance.unknown_imports = UnknownImports::trap; });
            }},
           {"unknown-imports-default", "", "unknown imports return zeros", [&](const std::string& value) {
              return set_if(value, [&] { instance.unknown_imports = UnknownImports::default_value; });
            }}}};
}

OptionGroup gpu_group(InstanceOptions& instance) {
  return {"-G",
          {{"abi", "ABI", "canonical (default), or legacy for older C guests: results without error strings",
            [&](const std::string& value) {
              if (value != "canonical" && value != "legacy") return false;
              instance.gpu_abi = value == "legacy" ? GpuAbi::legacy : GpuAbi::canonical;
              return true;
            }}}};
}

// Parses; a command line that is wrong, or asks for help, becomes what to print.
std::optional<PrintAndExit> parse_with(CLI::App& app, const std::vector<std::string>& arguments) {
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return PrintAndExit{app.help(), kSuccess};
  } catch (const CLI::CallForVersion&) {
    return PrintAndExit{version_text(), kSuccess};
  } catch (const CLI::ParseError& wrong) {
    return usage_error(wrong.what());
  }
}

Command parse_devices(const std::vector<std::string>& arguments) {
  DevicesCommand command;
  CLI::App app("Lists each backend: usable, or why not.", fmt::format("{} devices", kProgram));
  app.add_flag("--json", command.json, "As JSON");
  add_logging(app, command.logging);
  if (auto printed = parse_with(app, arguments)) return *std::move(printed);
  return command;
}

Command parse_run(const std::vector<std::string>& arguments) {
  RunCommand command;
  InstanceOptions& instance = command.instance;
  std::vector<std::string> dirs;
  std::vector<std::string> env;
  std::string workdir;
  std::string argv0;
  std::vector<std::string> wasm_values;
  std::vector<std::string> gpu_values;
  const OptionGroup wasm = wasm_group(instance);
  const OptionGroup gpu = gpu_group(instance);

  CLI::App app(kDescription, kProgram);
  app.formatter(std::make_shared<RunFormatter>());
  app.footer(kFooter);
  app.prefix_command();
  app.set_version_flag("-V,--version", version_text());
  app.add_option("--backend", instance.device.backend, "cpu, cuda or webgpu; default: the best that works")
      ->type_name("NAME")
      ->check(not_empty);
  app.add_option("--device", instance.device.index, "Which device of the backend, as `devices` numbers them")
      ->type_name("N")
      ->check(not_empty);
  app.add_option("-d,--workdir", workdir, "A folder that becomes the guest's working folder (.)")->type_name("DIR");
  add_repeated(app, "--dir", dirs, "A folder for the guest, by its own name or another")->type_name("HOST[::GUEST]");
  add_repeated(app, "--env", env, "A variable for the guest; NAME alone passes on this process's")
      ->type_name("NAME[=VALUE]")
      ->check(not_empty);
  app.add_option("--argv0", argv0, "What the guest sees as its own name")->type_name("NAME");
  add_logging(app, command.logging);
  add_repeated(app, "-W", wasm_values, wasm.help().c_str())->type_name("KEY[=VALUE]");
  add_repeated(app, "-G", gpu_values, gpu.help().c_str())->type_name("KEY[=VALUE]");

  if (auto printed = parse_with(app, arguments)) return *std::move(printed);
  std::vector<std::string> rest = app.remaining();
  if (!rest.empty() && rest.front() == "--")
    rest.erase(rest.begin());
  else if (!rest.empty() && rest.front().size() > 1 && rest.front().front() == '-') {
    return usage_error(fmt::format("unknown option '{}'", rest.front()));
  }
  if (rest.empty()) return usage_error("no MODULE given");
  if (const auto wrong = wasm.apply(wasm_values)) return usage_error(*wrong);
  if (const auto wrong = gpu.apply(gpu_values)) return usage_error(*wrong);

  command.module = rest.front();
  instance.args = std::move(rest);
  if (!argv0.empty()) {
    instance.args.front() = argv0;
  } else if (command.module != "-") {
    instance.args.front() = std::filesystem::path(command.module).filename().string();
  }
  if (app.count("--workdir") > 0) instance.preopens.push_back({workdir, "."});
  for (const std::string& dir : dirs) instance.preopens.push_back(parse_dir(dir));
  for (const std::string& variable : env) add_env(variable, instance);
  return command;
}

}  // namespace

Command parse(const std::vector<std::string>& arguments) {
  if (!arguments.empty()) {
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    if (arguments.front() == "devices") return parse_devices(rest);
    if (arguments.front() == "run") return parse_run(rest);
    if (arguments.front() == "help") return parse_run({"--help"});
  }
  return parse_run(arguments);
}

}  // namespace gpu_host::cli
