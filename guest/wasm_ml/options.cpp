#include "options.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "number.hpp"
#include "option_table.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

using Arguments = std::span<const std::string_view>;

constexpr const char* kCommands = "train, predict, evaluate, bench, info, import, export or help";

bool is_whole(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

Option feature_limit_option(FeatureLimit& into) {
  constexpr const char* kName = "--max-features";
  return {.name = kName, .set = [&into](std::string_view value) -> Result<void> {
            using Kind = FeatureLimit::Kind;
            if (value == "all") {
              into = {.kind = Kind::all};
            } else if (value == "third") {
              into = {.kind = Kind::third};
            } else if (value == "sqrt") {
              into = {.kind = Kind::square_root};
            } else if (!is_whole(value)) {
              return fail_usage(
                  format("option '%s' needs a whole number, all, third or sqrt, not %s", kName, quoted(value).c_str()));
            } else {
              const auto count = parse_count(kName, value, 1);
              if (!count) return std::unexpected(count.error());
              into = {.kind = Kind::count, .count = *count};
            }
            return {};
          }};
}

Option depth_option(std::uint32_t& into) {
  constexpr const char* kName = "--max-depth";
  return {
      .name = kName, .set = [&into](std::string_view value) -> Result<void> {
        if (value == "none") {
          into = 0;
          return {};
        }
        if (!is_whole(value)) {
          return fail_usage(format("option '%s' needs a whole number or none, not %s", kName, quoted(value).c_str()));
        }
        const auto depth = parse_count(kName, value, 0);
        if (!depth) return std::unexpected(depth.error());
        into = *depth;
        return {};
      }};
}

Option sample_size_option(std::optional<SampleSize>& into) {
  constexpr const char* kName = "--max-samples";
  return {
      .name = kName, .set = [&into](std::string_view value) -> Result<void> {
        if (is_whole(value)) {
          const auto rows = parse_count(kName, value, 1);
          if (!rows) return std::unexpected(rows.error());
          into = SampleSize{.rows = *rows};
          return {};
        }
        const auto share = parse_double(value);
        if (!share || *share <= 0 || *share > 1) {
          return fail_usage(format("option '%s' needs a number of rows or a share of them above 0.0 up to 1.0, not %s",
                                   kName, quoted(value).c_str()));
        }
        into = SampleSize{.share = *share};
        return {};
      }};
}

Option decrease_option(double& into) {
  constexpr const char* kName = "--min-impurity-decrease";
  return {.name = kName, .set = [&into](std::string_view value) -> Result<void> {
            const auto decrease = parse_double(value);
            if (!decrease || *decrease < 0) {
              return fail_usage(
                  format("option '%s' needs a number that is not negative, not %s", kName, quoted(value).c_str()));
            }
            into = *decrease;
            return {};
          }};
}

void add_forest_options(std::vector<Option>& options, ForestOptions& forest) {
  constexpr std::uint32_t kMostBins = 255;
  ForestParams& params = forest.params;
  options.push_back(number_option("--trees", params.n_trees));
  options.push_back(depth_option(params.max_depth));
  options.push_back(feature_limit_option(forest.max_features));
  options.push_back(number_option("--min-samples-leaf", params.min_samples_leaf));
  options.push_back(number_option("--min-samples-split", params.min_samples_split, 2));
  options.push_back(decrease_option(params.min_impurity_decrease));
  options.push_back(sample_size_option(forest.max_samples));
  options.push_back(flag_option("--no-bootstrap", params.bootstrap, false));
  options.push_back(number_option("--max-bins", params.max_bins, 2, kMostBins));
  options.push_back(flag_option("--oob-score", params.oob_score, true));
  options.push_back(number_option("--seed", params.seed, 0));
}

Option task_option(Task& into) {
  constexpr const char* kName = "--task";
  return {.name = kName, .set = [&into](std::string_view value) -> Result<void> {
            if (value == "auto") {
              into = Task::automatic;
            } else if (value == "regression") {
              into = Task::regression;
            } else if (value == "classification") {
              into = Task::classification;
            } else {
              return fail_usage(
                  format("option '%s' needs auto, regression or classification, not %s", kName, quoted(value).c_str()));
            }
            return {};
          }};
}

Result<void> check_contradictions(const ForestOptions& forest) {
  if (forest.params.bootstrap) return {};
  const auto contradicts = [](const char* option) {
    return fail_usage(format("option '--no-bootstrap' contradicts '%s': there every tree sees all rows", option));
  };
  if (forest.max_samples) return contradicts("--max-samples");
  if (forest.params.oob_score) return contradicts("--oob-score");
  return {};
}

// Parses into `command`, which the options refer to.
template <class C>
Result<Command> finish(std::string_view name, Arguments arguments, const std::vector<Option>& options, C& command) {
  if (auto parsed = parse_options(name, arguments, options); !parsed) return std::unexpected(parsed.error());
  if constexpr (requires { command.forest; }) {
    if (auto checked = check_contradictions(command.forest); !checked) return std::unexpected(checked.error());
  }
  return Command(std::move(command));
}

Result<Command> parse_train(Arguments arguments) {
  TrainCommand command;
  std::vector<Option> options = {text_option("--data", command.data, true), text_option("--target", command.target),
                                 text_option("--model", command.model, true), task_option(command.task),
                                 flag_option("--json", command.json, true)};
  add_forest_options(options, command.forest);
  return finish("train", arguments, options, command);
}

Result<Command> parse_predict(Arguments arguments) {
  PredictCommand command;
  const std::vector<Option> options = {
      text_option("--model", command.model, true), text_option("--data", command.data, true),
      text_option("--output", command.output), flag_option("--probabilities", command.probabilities, true)};
  return finish("predict", arguments, options, command);
}

Result<Command> parse_evaluate(Arguments arguments) {
  EvaluateCommand command;
  const std::vector<Option> options = {text_option("--model", command.model, true),
                                       text_option("--data", command.data, true),
                                       flag_option("--json", command.json, true)};
  return finish("evaluate", arguments, options, command);
}

Result<Command> parse_info(Arguments arguments) {
  InfoCommand command;
  const std::vector<Option> options = {text_option("--model", command.model, true),
                                       flag_option("--json", command.json, true)};
  return finish("info", arguments, options, command);
}

Result<Command> parse_import(Arguments arguments) {
  ImportCommand command;
  const std::vector<Option> options = {
      text_option("--treelite", command.treelite, true), text_option("--model", command.model, true),
      text_option("--features", command.features), text_option("--classes", command.classes),
      text_option("--target", command.target)};
  return finish("import", arguments, options, command);
}

Result<Command> parse_export(Arguments arguments) {
  ExportCommand command;
  const std::vector<Option> options = {text_option("--model", command.model, true),
                                       text_option("--treelite", command.treelite, true)};
  return finish("export", arguments, options, command);
}

Result<Command> parse_bench(Arguments arguments) {
  BenchCommand command;
  std::vector<Option> options = {text_option("--train", command.train), text_option("--test", command.test),
                                 text_option("--target", command.target), task_option(command.task)};
  add_forest_options(options, command.forest);
  return finish("bench", arguments, options, command);
}

bool is_help(std::string_view argument) { return argument == "--help" || argument == "-h"; }

}  // namespace

std::uint32_t FeatureLimit::resolve(std::uint32_t n_features, bool is_classification) const {
  const auto square_root = [=] {
    return std::max(1U, static_cast<std::uint32_t>(std::sqrt(static_cast<double>(n_features) + 0.5)));
  };
  switch (kind) {
    case Kind::automatic:
      return is_classification ? square_root() : 0;
    case Kind::all:
      return 0;
    case Kind::third:
      return std::max(1U, n_features / 3);
    case Kind::square_root:
      return square_root();
    case Kind::count:
      return count;
  }
  return 0;
}

std::uint32_t SampleSize::resolve(std::uint32_t n_rows) const {
  if (rows != 0) return rows;
  return std::max(1U, static_cast<std::uint32_t>(std::round(share * n_rows)));
}

ForestParams ForestOptions::resolve(const TrainingSet& set) const {
  ForestParams resolved = params;
  resolved.max_features = max_features.resolve(set.n_features(), !set.classes.empty());
  if (max_samples) resolved.max_samples = max_samples->resolve(set.n_rows);
  return resolved;
}

Result<Command> parse_command(Arguments arguments) {
  if (arguments.empty()) return fail_usage(std::string("no command: ") + kCommands);
  const std::string_view name = arguments[0];
  const Arguments rest = arguments.subspan(1);
  if (is_help(name) || name == "help" || std::ranges::any_of(rest, is_help)) return Command(HelpCommand());
  if (name == "--version") return Command(VersionCommand());
  if (name == "train") return parse_train(rest);
  if (name == "predict") return parse_predict(rest);
  if (name == "evaluate") return parse_evaluate(rest);
  if (name == "bench") return parse_bench(rest);
  if (name == "info") return parse_info(rest);
  if (name == "import") return parse_import(rest);
  if (name == "export") return parse_export(rest);
  return fail_usage("unknown command " + quoted(name) + ": " + kCommands);
}

}  // namespace wasm_ml
