#include "cli/logging.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <ranges>

#include "util/log.hpp"

namespace gpu_host::cli {
namespace {

using Level = spdlog::level::level_enum;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](unsigned char c) { return std::isspace(c) != 0; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Level level_of(const LoggingOptions& options) {
  if (const auto named = parse_level(options.level)) return *named;
  switch (options.verbosity) {
    case 0:
      break;
    case 1:
      return Level::info;
    case 2:
      return Level::debug;
    default:
      return Level::trace;
  }
  const char* rust_log = std::getenv("RUST_LOG");
  return (rust_log != nullptr ? parse_rust_log(rust_log) : std::nullopt).value_or(Level::warn);
}

}  // namespace

std::optional<Level> parse_level(std::string_view word) {
  std::string lower(word);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "off") return Level::off;
  if (lower == "error") return Level::err;
  if (lower == "warn") return Level::warn;
  if (lower == "info") return Level::info;
  if (lower == "debug") return Level::debug;
  if (lower == "trace") return Level::trace;
  return std::nullopt;
}

std::optional<Level> parse_rust_log(std::string_view directives) {
  std::optional<Level> level;
  for (const auto part : std::views::split(directives, ',')) {
    std::string_view directive = trimmed({part.begin(), part.end()});
    constexpr std::string_view kTarget = "wasmtime_gpu_host";
    if (directive == kTarget) {
      level = Level::trace;
      continue;
    }
    if (const auto equals = directive.find('='); equals != std::string_view::npos) {
      if (trimmed(directive.substr(0, equals)) != kTarget) continue;
      directive = trimmed(directive.substr(equals + 1));
    }
    if (const auto named = parse_level(directive)) level = named;
  }
  return level;
}

void configure_logging(const LoggingOptions& options) {
  logger().sinks() = {std::make_shared<spdlog::sinks::stderr_color_sink_mt>()};
  logger().set_pattern("[%H:%M:%S.%e %^%l%$] %v");
  logger().set_level(level_of(options));
}

}  // namespace gpu_host::cli
