// Options of the form -W KEY[=VALUE][,KEY[=VALUE]...], as wasmtime has them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gpu_host::cli {

struct GroupOption {
  std::string key;
  std::string value_name;  // empty: a flag, which may be given =y or =n
  std::string help;
  // Takes the value, "" for none; false where it makes no sense.
  std::function<bool(const std::string& value)> apply;
};

struct OptionGroup {
  std::string flag;  // such as -W
  std::vector<GroupOption> options;

  [[nodiscard]] std::string help() const;

  // Applies all values, as they were given; the text of a usage error where one is
  // wrong. An unknown key lists the known ones.
  [[nodiscard]] std::optional<std::string> apply(const std::vector<std::string>& values) const;

 private:
  [[nodiscard]] std::string known_keys() const;
};

// For flags: calls `set` for "", y, yes, true; nothing for n, no, false; false for
// other values.
[[nodiscard]] bool set_if(std::string_view value, const std::function<void()>& set);

}  // namespace gpu_host::cli
