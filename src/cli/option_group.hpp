// Options of the form -W KEY[=VALUE][,KEY[=VALUE]...], as wasmtime has them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/print_and_exit.hpp"

namespace gpu_host::cli {

struct GroupOption {
  std::string key;
  std::string value;  // what stands behind the =, such as SIZE; [y|n]: a flag, whose value may be left out
  std::string help;   // with what is allowed
  // Takes the value, "" for none; false where it is not allowed.
  std::function<bool(const std::string& value)> apply;
};

// A key that takes y or n, and means y where it stands alone.
[[nodiscard]] GroupOption flag(std::string key, std::string help, std::function<void(bool)> set);

struct OptionGroup {
  std::string flag;   // such as -W
  std::string title;  // such as "Options of WebAssembly"
  std::vector<GroupOption> options;

  // One line per key.
  [[nodiscard]] std::string help() const;

  // Applies all values in the order in which they were given. What to print instead,
  // where one is "help" or wrong. An unknown key lists the known ones.
  [[nodiscard]] std::optional<PrintAndExit> apply(const std::vector<std::string>& values) const;

 private:
  [[nodiscard]] std::string known_keys() const;
};

}  // namespace gpu_host::cli
