#include "cli/app.hpp"

#include <fmt/format.h>

#include "cli/cli.hpp"
#include "gpu_host/host.hpp"

namespace gpu_host::cli {

std::string version_text() { return fmt::format("{} {} (Wasmtime {})\n", kProgram, version(), wasmtime_version()); }

std::string HelpFormatter::make_usage(const CLI::App*, std::string) const {
  return fmt::format("Usage: {} {}\n", kProgram, usage_);
}

std::string HelpFormatter::make_option_name(const CLI::Option* option, bool is_positional) const {
  std::string name = Formatter::make_option_name(option, is_positional);
  return name.substr(0, name.find('{'));  // --stats{table}
}

std::string not_empty(const std::string& value) { return value.empty() ? "the value is empty" : ""; }

CLI::Option* add_repeated(CLI::App& app, const char* name, std::vector<std::string>& values, const char* help) {
  return app.add_option(name, values, help)->allow_extra_args(false);
}

void add_logging(CLI::App& app, LoggingOptions& logging) {
  app.add_flag("-v,--verbose", logging.verbosity, "Say more: -v info, -vv debug, -vvv trace")->disable_flag_override();
  app.add_option("--log", logging.level, "Log level: off, error, warn (default), info, debug, trace")
      ->type_name("LEVEL")
      ->check([](const std::string& word) {
        return parse_level(word) ? "" : "unknown level '" + word + "'; there are off, error, warn, info, debug, trace";
      });
}

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

GroupArguments::GroupArguments(CLI::App& app, std::vector<OptionGroup> groups)
    : groups_(std::move(groups)), values_(groups_.size()) {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const OptionGroup& group = groups_[i];
    const std::string help = fmt::format("{}; `{} help` lists the keys", group.title, group.flag);
    add_repeated(app, group.flag.c_str(), values_[i], help.c_str())->type_name("KEY[=VALUE]");
  }
}

std::optional<PrintAndExit> GroupArguments::apply() const {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    if (auto printed = groups_[i].apply(values_[i])) return printed;
  }
  return std::nullopt;
}

}  // namespace gpu_host::cli
