#include "cli/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace gpu_host::cli {

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 7> kUnits{
      {{"", 1e9}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  double number = 0;
  const auto [rest, ec] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (ec != std::errc{} || std::signbit(number) || !std::isfinite(number)) return std::nullopt;
  const std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  for (const auto& [name, nanoseconds] : kUnits) {
    if (unit != name) continue;
    const double total = std::round(number * nanoseconds);
    if (total >= 0x1p63) return std::nullopt;
    return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(total));
  }
  return std::nullopt;
}

}  // namespace gpu_host::cli
