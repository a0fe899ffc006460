#include "cli/stats_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace gpu_host::cli {
namespace {

// Three digits and the largest unit that leaves one before the point.
template <std::size_t Count>
std::string scaled(double number, const std::array<std::pair<double, const char*>, Count>& units) {
  for (const auto& [factor, name] : units) {
    if (number < factor) continue;
    const double value = number / factor;
    return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : value < 100 ? 1 : 0, name);
  }
  return "0";
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr std::array<std::pair<double, const char*>, 4> kUnits{
      {{0x1p40, "TiB"}, {0x1p30, "GiB"}, {0x1p20, "MiB"}, {0x1p10, "KiB"}}};
  return scaled(static_cast<double>(bytes), kUnits);
}

std::string time_text(std::chrono::nanoseconds time) {
  static constexpr std::array<std::pair<double, const char*>, 4> kUnits{
      {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}}};
  return scaled(static_cast<double>(time.count()), kUnits);
}

using Row = std::vector<std::string>;

// Names to the left, numbers to the right.
std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format("{:<{}}", row.front(), widths.front());
    for (std::size_t i = 1; i + 1 < row.size(); ++i) text += fmt::format("  {:>{}}", row[i], widths[i]);
    text += "  " + row.back();
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace

std::string stats_table(std::span<const FunctionStats> functions) {
  if (functions.empty()) return "wasi:gpu was not called\n";
  const bool failures = std::ranges::any_of(functions, [](const FunctionStats& entry) { return entry.failures > 0; });
  std::vector<Row> rows{{"function", "calls", "bytes", "time", "device time", "device"}};
  for (const FunctionStats& entry : functions) {
    rows.push_back({entry.function, fmt::format("{}", entry.calls), bytes_text(entry.bytes), time_text(entry.time),
                    time_text(entry.device_time), entry.device});
  }
  if (failures) {
    rows.front().insert(rows.front().begin() + 2, "failures");
    for (std::size_t i = 0; i < functions.size(); ++i) {
      rows[i + 1].insert(rows[i + 1].begin() + 2, fmt::format("{}", functions[i].failures));
    }
  }
  return aligned(rows);
}

std::string stats_json(std::span<const FunctionStats> functions) {
  auto entries = nlohmann::ordered_json::array();
  for (const FunctionStats& entry : functions) {
    entries.push_back({{"interface", entry.interface},
                       {"function", entry.function},
                       {"calls", entry.calls},
                       {"failures", entry.failures},
                       {"bytes", entry.bytes},
                       {"time_ns", entry.time.count()},
                       {"device_time_ns", entry.device_time.count()},
                       {"device", entry.device}});
  }
  // Names come from drivers, which need not speak UTF-8.
  return nlohmann::ordered_json{{"functions", std::move(entries)}}.dump(-1, ' ', false,
                                                                        nlohmann::json::error_handler_t::replace) +
         '\n';
}

}  // namespace gpu_host::cli
