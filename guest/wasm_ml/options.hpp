// The command line.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "dataset.hpp"
#include "error.hpp"
#include "forest.hpp"

namespace wasm_ml {

// How many features each node tries: a number, or a share of what there is.
struct FeatureLimit {
  // Automatic: all for a regression, the square root for a classification.
  enum class Kind : std::uint8_t { automatic, all, third, square_root, count };
  Kind kind = Kind::automatic;
  std::uint32_t count = 0;

  // For ForestParams::max_features.
  [[nodiscard]] std::uint32_t resolve(std::uint32_t n_features, bool is_classification) const;
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

  [[nodiscard]] ForestParams resolve(const TrainingSet& set) const;
};

struct HelpCommand {};
struct VersionCommand {};

struct TrainCommand {
  std::string data;
  std::string target;  // empty: the last column
  std::string model;
  Task task = Task::automatic;
  bool json = false;
  ForestOptions forest;
};

struct PredictCommand {
  std::string model;
  std::string data;
  std::string output = {};     // empty: standard output
  bool probabilities = false;  // of each class too
};

struct EvaluateCommand {
  std::string model;
  std::string data;
  bool json = false;
};

struct InfoCommand {
  std::string model;
  bool json = false;
};

struct ImportCommand {
  std::string treelite;
  std::string model;
  std::string features = {};  // names, separated by commas; empty: "0", "1", …
  std::string classes = {};   // the same
  std::string target = {};
};

struct ExportCommand {
  std::string model;
  std::string treelite;
};

struct BenchCommand {
  std::string train = "diabetes_train.csv";
  std::string test = "diabetes_test.csv";
  std::string target;  // empty: the last column
  Task task = Task::automatic;
  ForestOptions forest;
};

using Command = std::variant<HelpCommand, VersionCommand, TrainCommand, PredictCommand, EvaluateCommand, BenchCommand,
                             InfoCommand, ImportCommand, ExportCommand>;

// `arguments` without the program's name. Errors have the exit code for usage.
[[nodiscard]] Result<Command> parse_command(std::span<const std::string_view> arguments);

// What --help prints.
[[nodiscard]] std::string_view usage();

}  // namespace wasm_ml
