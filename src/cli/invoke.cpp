#include "cli/invoke.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <type_traits>

#include "cli/number.hpp"

namespace gpu_host::cli {
namespace {

template <class T>
std::optional<Value> parse(std::string_view text) {
  if constexpr (std::is_integral_v<T>) {
    if (const auto number = parse_number<T>(text)) return *number;
    if (const auto number = parse_number<std::make_unsigned_t<T>>(text)) return static_cast<T>(*number);
    return std::nullopt;
  } else {
    T number = 0;
    const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
    return number;
  }
}

}  // namespace

std::expected<std::vector<Value>, std::string> parse_arguments(std::span<const Value> parameters,
                                                               std::span<const std::string> texts) {
  if (parameters.size() != texts.size()) {
    std::string types;
    for (const Value& parameter : parameters)
      types += fmt::format("{}{}", types.empty() ? "" : ", ", type_name(parameter));
    return std::unexpected(
        fmt::format("the parameters are: {}; {} given", types.empty() ? "none" : types, texts.size()));
  }
  std::vector<Value> values;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto value = std::visit([&]<class T>(T) { return parse<T>(texts[i]); }, parameters[i]);
    if (!value) {
      return std::unexpected(fmt::format("argument {}: '{}' is no {}", i + 1, texts[i], type_name(parameters[i])));
    }
    values.push_back(*value);
  }
  return values;
}

std::string to_text(const Value& value) {
  return std::visit([](auto number) { return fmt::format("{}", number); }, value);
}

}  // namespace gpu_host::cli
