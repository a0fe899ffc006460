// Files of proc whose lines are `key : value`.
#pragma once

#include <fstream>
#include <string>
#include <string_view>

namespace gpu_host {

// What follows the colon of the first line that starts with `key`; empty where
// there is none, or no such file.
[[nodiscard]] inline std::string proc_value(const std::string& file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? std::string() : line.substr(begin);
  }
  return {};
}

}  // namespace gpu_host
