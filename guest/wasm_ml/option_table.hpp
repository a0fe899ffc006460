// Options of one command: a table of names and where their values go.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "error.hpp"

namespace wasm_ml {

struct Option {
  const char* name;  // with its dashes
  std::function<Result<void>(std::string_view value)> set;
  bool required = false;
  bool is_flag = false;  // takes no value
};

// Reads "--name value", "--name=value" and flags, each name at most once.
[[nodiscard]] Result<void> parse_options(std::string_view command, std::span<const std::string_view> arguments,
                                         std::span<const Option> options);

[[nodiscard]] Option text_option(const char* name, std::string& into, bool required = false);

// Sets `into` to `value`.
[[nodiscard]] Option flag_option(const char* name, bool& into, bool value);

inline constexpr std::uint32_t kMostCount = std::numeric_limits<std::uint32_t>::max();

// A whole number from `least` to `most`.
[[nodiscard]] Option number_option(const char* name, std::uint32_t& into, std::uint32_t least = 1,
                                   std::uint32_t most = kMostCount);

[[nodiscard]] Result<std::uint32_t> parse_count(std::string_view option, std::string_view text, std::uint32_t least,
                                                std::uint32_t most = kMostCount);

}  // namespace wasm_ml
