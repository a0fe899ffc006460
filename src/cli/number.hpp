// Whole numbers as options give them.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace gpu_host::cli {

// A decimal number that T holds; nothing for anything else, such as a sign where T has none.
template <std::integral T>
[[nodiscard]] std::optional<T> parse_number(std::string_view text) {
  T number = 0;
  const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace gpu_host::cli
