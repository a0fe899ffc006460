#include "option_table.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "text.hpp"

namespace wasm_ml {
namespace {

bool looks_like_option(std::string_view argument) { return argument.starts_with("--"); }

std::unexpected<Error> option_error(std::string_view option, const std::string& what) {
  return fail_usage("option " + quoted(option) + " " + what);
}

}  // namespace

Result<void> parse_options(std::string_view command, std::span<const std::string_view> arguments,
                           std::span<const Option> options) {
  std::vector<const Option*> given;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with("-")) {
      return fail_usage("unexpected argument " + quoted(argument) + " after '" + std::string(command) + "'");
    }
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const auto option = std::ranges::find_if(options, [&](const Option& o) { return name == o.name; });
    if (option == options.end()) {
      return fail_usage("unknown option " + quoted(name) + " for '" + std::string(command) + "'");
    }
    if (std::ranges::find(given, &*option) != given.end()) return option_error(name, "is given twice");
    given.push_back(&*option);
    std::string_view value;
    if (equals != std::string_view::npos) {
      if (option->is_flag) return option_error(name, "takes no value");
      value = argument.substr(equals + 1);
    } else if (!option->is_flag && i + 1 < arguments.size() && !looks_like_option(arguments[i + 1])) {
      value = arguments[++i];
    }
    if (value.empty() && !option->is_flag) return option_error(name, "needs a value");
    if (auto set = option->set(value); !set) return set;
  }
  for (const Option& option : options) {
    if (option.required && std::ranges::find(given, &option) == given.end()) {
      return fail_usage("'" + std::string(command) + "' needs the option " + quoted(option.name));
    }
  }
  return {};
}

Option text_option(const char* name, std::string& into, bool required) {
  return {.name = name,
          .set = [&into](std::string_view value) -> Result<void> {
            into = value;
            return {};
          },
          .required = required};
}

Option flag_option(const char* name, bool& into, bool value) {
  return {.name = name,
          .set = [&into, value](std::string_view) -> Result<void> {
            into = value;
            return {};
          },
          .is_flag = true};
}

Result<std::uint32_t> parse_count(std::string_view option, std::string_view text, std::uint32_t least,
                                  std::uint32_t most) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return option_error(option, "needs a whole number, not " + quoted(text));
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > most) {
      return option_error(
          option, format("cannot be %s: it is at most %lu", quoted(text).c_str(), static_cast<unsigned long>(most)));
    }
  }
  if (value < least) {
    return option_error(
        option, format("cannot be %s: it is at least %lu", quoted(text).c_str(), static_cast<unsigned long>(least)));
  }
  return static_cast<std::uint32_t>(value);
}

Option number_option(const char* name, std::uint32_t& into, std::uint32_t least, std::uint32_t most) {
  return {.name = name, .set = [name, &into, least, most](std::string_view value) -> Result<void> {
            const auto number = parse_count(name, value, least, most);
            if (!number) return std::unexpected(number.error());
            into = *number;
            return {};
          }};
}

}  // namespace wasm_ml
