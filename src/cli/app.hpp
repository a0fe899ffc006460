// What the parsers of all commands share.
#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/logging.hpp"
#include "cli/option_group.hpp"
#include "cli/print_and_exit.hpp"

namespace gpu_host::cli {

[[nodiscard]] std::string version_text();

// CLI11 cannot know of what follows the options, nor how a flag's values look best.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string usage) : usage_(std::move(usage)) {}
  [[nodiscard]] std::string make_usage(const CLI::App* app, std::string name) const override;
  [[nodiscard]] std::string make_option_name(const CLI::Option* option, bool is_positional) const override;

 private:
  std::string usage_;
};

// For CLI11's check(). An unset variable of a shell must not look like an option that
// was not given.
[[nodiscard]] std::string not_empty(const std::string& value);

// Options that may be given often take one value each time, else they would swallow
// the module.
CLI::Option* add_repeated(CLI::App& app, const char* name, std::vector<std::string>& values, const char* help);

void add_logging(CLI::App& app, LoggingOptions& logging);

// Parses; a command line that is wrong, or asks for help, becomes what to print.
[[nodiscard]] std::optional<PrintAndExit> parse_with(CLI::App& app, const std::vector<std::string>& arguments);

// The option groups of a command.
class GroupArguments {
 public:
  // Adds an option for each to the app, which must not outlive this.
  GroupArguments(CLI::App& app, std::vector<OptionGroup> groups);
  GroupArguments(const GroupArguments&) = delete;
  GroupArguments& operator=(const GroupArguments&) = delete;
  ~GroupArguments() = default;

  // Behind parse_with: applies what was given.
  [[nodiscard]] std::optional<PrintAndExit> apply() const;

 private:
  std::vector<OptionGroup> groups_;
  std::vector<std::vector<std::string>> values_;  // of each group
};

}  // namespace gpu_host::cli
