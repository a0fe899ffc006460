#include "cli/option_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "cli/cli.hpp"

namespace gpu_host::cli {
namespace {

constexpr std::string_view kFlagValue = "[y|n]";

std::string form_of(const GroupOption& option) {
  if (option.value == kFlagValue) return option.key + "[=y|n]";
  return option.key + "=" + option.value;
}

std::string_view meaning_of(std::string_view value) {
  if (value == "SIZE") return "bytes, or with K, M or G (powers of 1024): 64M";
  if (value == "TIME") return "with ns, us, ms, s, m or h: 250ms; a bare number is seconds";
  if (value == "N") return "a whole number";
  return "";
}

std::string not_allowed(const std::string& flag, const GroupOption& option, std::string_view value) {
  const std::string_view meaning = meaning_of(option.value);
  return fmt::format("{} {}: '{}' is not allowed; {}: {}{}", flag, option.key, value, form_of(option), option.help,
                     meaning.empty() ? "" : fmt::format("; {}: {}", option.value, meaning));
}

std::optional<bool> parse_flag(std::string_view value) {
  if (value.empty() || value == "y" || value == "yes" || value == "true") return true;
  if (value == "n" || value == "no" || value == "false") return false;
  return std::nullopt;
}

}  // namespace

GroupOption flag(std::string key, std::string help, std::function<void(bool)> set) {
  return {std::move(key), std::string(kFlagValue), std::move(help), [set = std::move(set)](const std::string& value) {
            const auto parsed = parse_flag(value);
            if (parsed) set(*parsed);
            return parsed.has_value();
          }};
}

std::string OptionGroup::help() const {
  std::size_t width = 0;
  for (const GroupOption& option : options) width = std::max(width, form_of(option).size());
  std::string text = title + ":\n";
  for (const GroupOption& option : options) {
    text += fmt::format("  {} {:<{}}  {}\n", flag, form_of(option), width, option.help);
  }
  std::string meanings;
  for (const std::string_view value : {"SIZE", "TIME", "N"}) {
    if (std::ranges::find(options, value, &GroupOption::value) == options.end()) continue;
    meanings += fmt::format("{}: {}\n", value, meaning_of(value));
  }
  return text + (meanings.empty() ? "" : "\n") + meanings;
}

std::string OptionGroup::known_keys() const {
  std::string known;
  for (const GroupOption& option : options) known += (known.empty() ? "" : ", ") + form_of(option);
  return known;
}

std::optional<PrintAndExit> OptionGroup::apply(const std::vector<std::string>& values) const {
  for (const std::string& given : values) {
    if (given.empty()) return usage_error(fmt::format("{}: no key given; there are: {}", flag, known_keys()));
    for (const auto part : std::views::split(given, ',')) {
      const std::string item(part.begin(), part.end());
      if (item == "help") return PrintAndExit{help(), kSuccess};
      const auto equals = item.find('=');
      const std::string key = item.substr(0, equals);
      const auto option = std::ranges::find(options, key, &GroupOption::key);
      if (option == options.end()) {
        return usage_error(fmt::format("{}: unknown key '{}'; there are: {}", flag, key, known_keys()));
      }
      const std::string value = equals == std::string::npos ? "" : item.substr(equals + 1);
      if (!option->apply(value)) return usage_error(not_allowed(flag, *option, value));
    }
  }
  return std::nullopt;
}

}  // namespace gpu_host::cli
