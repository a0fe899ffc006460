// The command line.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "error.hpp"
#include "forest.hpp"

namespace wasm_ml {

// How many features each node tries: a number, or a share of what there is.
struct FeatureLimit {
  enum class Kind : std::uint8_t { all, third, square_root, count };
  Kind kind = Kind::all;
  std::uint32_t count = 0;

  // For ForestParams::max_features.
  [[nodiscard]] std::uint32_t resolve(std::uint32_t n_features) const;
};

// How many rows each tree draws: a number, or a share of what there is.
struct SampleSize {
  std::uint32_t rows = 0;  // 0: the share
  double share = 0;

  // For ForestParams::max_samples.
  [[nodiscard]] std::uint32_t resolve(std::uint32_t n_rows) const;
};

// What is known of a forest before its data is.
struct ForestOptions {
  ForestParams params;
  FeatureLimit max_features;
  std::optional<SampleSize> max_samples = {};

  [[nodiscard]] ForestParams resolve(std::uint32_t n_rows, std::uint32_t n_features) const;
};

struct HelpCommand {};
struct VersionCommand {};

struct TrainCommand {
  std::string data;
  std::string target;  // empty: the last column
  std::string model;
  ForestOptions forest;
};

struct PredictCommand {
  std::string model;
  std::string data;
  std::string output;  // empty: standard output
};

struct InfoCommand {
  std::string model;
};

struct BenchCommand {
  std::string train = "diabetes_train.csv";
  std::string test = "diabetes_test.csv";
  std::string target;  // empty: the last column
  ForestOptions forest;
};

using Command = std::variant<HelpCommand, VersionCommand, TrainCommand, PredictCommand, InfoCommand, BenchCommand>;

// `arguments` without the program's name. Errors have the exit code for usage.
[[nodiscard]] Result<Command> parse_command(std::span<const std::string_view> arguments);

// What --help prints.
[[nodiscard]] std::string_view usage();

}  // namespace wasm_ml
