#include "cli/option_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace gpu_host::cli {
namespace {

std::string form_of(const GroupOption& option) {
  return option.value_name.empty() ? option.key : option.key + "=" + option.value_name;
}

}  // namespace

std::string OptionGroup::help() const {
  std::string text;
  for (const GroupOption& option : options) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "\n", form_of(option), option.help);
  }
  return text;
}

std::string OptionGroup::known_keys() const {
  std::string known;
  for (const GroupOption& option : options) known += (known.empty() ? "" : ", ") + form_of(option);
  return known;
}

std::optional<std::string> OptionGroup::apply(const std::vector<std::string>& values) const {
  for (const std::string& given : values) {
    if (given.empty()) return fmt::format("{}: no key given; there are: {}", flag, known_keys());
    for (const auto part : std::views::split(given, ',')) {
      const std::string item(part.begin(), part.end());
      const auto equals = item.find('=');
      const std::string key = item.substr(0, equals);
      const auto option = std::ranges::find(options, key, &GroupOption::key);
      if (option == options.end()) {
        return fmt::format("{}: unknown key '{}'; there are: {}", flag, key, known_keys());
      }
      const std::string value = equals == std::string::npos ? "" : item.substr(equals + 1);
      if (!option->apply(value)) {
        return fmt::format("{} {}: the value '{}' makes no sense; {}: {}", flag, key, value, form_of(*option),
                           option->help);
      }
    }
  }
  return std::nullopt;
}

bool set_if(std::string_view value, const std::function<void()>& set) {
  if (value.empty() || value == "y" || value == "yes" || value == "true") {
    set();
    return true;
  }
  return value == "n" || value == "no" || value == "false";
}

}  // namespace gpu_host::cli
