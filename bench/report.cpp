#include "report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace gpu_host::bench {
namespace {

constexpr std::size_t kColumns = 6;
using Cells = std::array<std::string, kColumns>;
constexpr std::array<const char*, kColumns> kHeader{"name", "ours", "reference", "measured", "target", "holds"};

std::string time_text(double seconds) {
  const double size = std::abs(seconds);
  if (size < 1e-6) return fmt::format("{:.1f} ns", seconds * 1e9);
  if (size < 1e-3) return fmt::format("{:.2f} µs", seconds * 1e6);
  if (size < 1) return fmt::format("{:.2f} ms", seconds * 1e3);
  return fmt::format("{:.2f} s", seconds);
}

std::string value_text(TargetKind kind, double value) {
  switch (kind) {
    case TargetKind::time_at_most:
      return time_text(value);
    case TargetKind::excess_at_most:
      return (value < 0 ? "" : "+") + time_text(value);
    case TargetKind::ratio_at_most:
    case TargetKind::speed_at_least:
      return fmt::format("{:.2f} ×", value);
  }
  return {};
}

std::string target_text(const Target& target) {
  return (target.kind == TargetKind::speed_at_least ? "≥ " : "≤ ") + value_text(target.kind, target.limit);
}

// The time of one operation, and how fast that is.
std::string side_text(double seconds, const Work& work) {
  if (work.amount == 0) return time_text(seconds);
  return fmt::format("{} = {:.4g} G{}/s", time_text(seconds), work.amount / seconds * 1e-9, work.unit);
}

Cells cells_of(const Row& row) {
  const auto& [comparison, measured] = row;
  if (!measured.skipped.empty()) {
    return {comparison.name, "", "", "", target_text(comparison.target), "skipped: " + measured.skipped};
  }
  if (!measured.failure.empty()) {
    return {comparison.name, "", "", "not measured", target_text(comparison.target), "no: " + measured.failure};
  }
  return {comparison.name,
          side_text(measured.ours, comparison.work),
          measured.reference ? side_text(*measured.reference, comparison.work) : "",
          value_text(comparison.target.kind, measured.value),
          target_text(comparison.target),
          measured.holds ? "yes" : "no"};
}

// Columns on a terminal; none of these texts has a character of two columns.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

const char* name_of(TargetKind kind) {
  switch (kind) {
    case TargetKind::time_at_most:
      return "ours <= limit";
    case TargetKind::excess_at_most:
      return "ours - reference <= limit";
    case TargetKind::ratio_at_most:
      return "ours / reference <= limit";
    case TargetKind::speed_at_least:
      return "reference / ours >= limit";
  }
  return "";
}

// Which devices were measured, where it was not this machine alone.
std::string devices_text(const std::vector<Row>& rows) {
  std::set<std::string> devices;
  for (const Row& row : rows) devices.insert(row.measurement.device);
  devices.erase("");
  return devices.empty() ? "" : fmt::format("\n{}\n", fmt::join(devices, "\n"));
}

}  // namespace

std::string text_table(const std::vector<Row>& rows) {
  std::vector<Cells> table(1);
  std::ranges::copy(kHeader, table.front().begin());
  for (const Row& row : rows) table.push_back(cells_of(row));
  std::array<std::size_t, kColumns> widths{};
  for (const Cells& cells : table) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width_of(cells[i]));
  }
  std::string text;
  for (const Cells& cells : table) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i) {
      const std::string padding(widths[i] - width_of(cells[i]), ' ');
      text += (i == 0 ? cells[i] + padding : padding + cells[i]) + "  ";
    }
    text += cells.back() + "\n";
  }
  return text + devices_text(rows);
}

std::string markdown_table(const std::vector<Row>& rows) {
  std::string text = fmt::format("| {} |\n|---|--:|--:|--:|--:|---|\n", fmt::join(kHeader, " | "));
  for (const Row& row : rows) text += fmt::format("| {} |\n", fmt::join(cells_of(row), " | "));
  return text + devices_text(rows);
}

std::string json_report(const std::vector<Row>& rows) {
  auto results = nlohmann::ordered_json::array();
  for (const auto& [comparison, measured] : rows) {
    nlohmann::ordered_json result{{"name", comparison.name},           {"ours", comparison.ours},
                                  {"reference", comparison.reference}, {"condition", name_of(comparison.target.kind)},
                                  {"limit", comparison.target.limit},  {"holds", measured.holds}};
    if (!measured.device.empty()) result["device"] = measured.device;
    if (!measured.skipped.empty()) {
      result["skipped"] = measured.skipped;
    } else if (measured.failure.empty()) {
      result["value"] = measured.value;
      result["ours_seconds"] = measured.ours;
      if (measured.reference) result["reference_seconds"] = *measured.reference;
      if (comparison.work.amount > 0) {
        result["work"] = comparison.work.amount;
        result["unit"] = comparison.work.unit;
      }
    } else {
      result["failure"] = measured.failure;
    }
    results.push_back(std::move(result));
  }
  return results.dump(2) + "\n";
}

}  // namespace gpu_host::bench
