// Options of one command: a table of names and where their values go.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "error.hpp"

namespace wasm_ml {

struct Option {
  const char* name;  // with its dashes
  std::function<Result<void>(std::string_view value)> set;
  bool required = false;
};

// Reads "--name value" and "--name=value", each name at most once.
[[nodiscard]] Result<void> parse_options(std::string_view command, std::span<const std::string_view> arguments,
                                         std::span<const Option> options);

[[nodiscard]] Option text_option(const char* name, std::string& into, bool required = false);

// A whole number from `least` to the largest of 32 bits.
[[nodiscard]] Option number_option(const char* name, std::uint32_t& into, std::uint32_t least = 1);

[[nodiscard]] Result<std::uint32_t> parse_count(std::string_view option, std::string_view text, std::uint32_t least);

}  // namespace wasm_ml
