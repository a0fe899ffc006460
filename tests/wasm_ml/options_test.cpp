#include "options.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace wasm_ml {
namespace {

using Arguments = std::vector<std::string_view>;

template <class C>
C parsed(const Arguments& arguments) {
  auto command = parse_command(arguments);
  EXPECT_TRUE(command) << command.error().message;
  return command ? std::get<C>(*command) : C();
}

std::string usage_error(const Arguments& arguments) {
  const auto command = parse_command(arguments);
  if (command) return "no error";
  EXPECT_EQ(command.error().exit_code, kExitUsage);
  return command.error().message;
}

std::string train_error(const Arguments& more) {
  Arguments arguments = {"train", "--data", "d.csv", "--model", "m"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return usage_error(arguments);
}

TrainingSet set_of_size(std::uint32_t n_rows, std::uint32_t n_features) {
  return {.n_rows = n_rows,
          .feature_types = std::vector<FeatureType>(n_features),
          .features = {},
          .target_name = {},
          .classes = {},
          .targets = {}};
}

TEST(OptionsTest, Defaults) {
  const auto train = parsed<TrainCommand>({"train", "--data", "d.csv", "--model", "m"});
  EXPECT_EQ(train.data, "d.csv");
  EXPECT_EQ(train.model, "m");
  EXPECT_EQ(train.target, "");
  const ForestParams expected = {
      .n_trees = 200, .max_depth = 16, .max_features = 0, .min_samples_split = 2, .min_samples_leaf = 1, .seed = 42};
  EXPECT_EQ(train.forest.resolve(set_of_size(100, 10)), expected);
  const auto bench = parsed<BenchCommand>({"bench"});
  EXPECT_EQ(bench.train, "diabetes_train.csv");
  EXPECT_EQ(bench.test, "diabetes_test.csv");
  EXPECT_EQ(bench.forest.resolve(set_of_size(100, 10)), expected);
}

TEST(OptionsTest, BothSpellingsOfAValue) {
  const auto train =
      parsed<TrainCommand>({"train", "--data=a=b.csv", "--model", "m", "--trees=7", "--max-depth", "3",
                            "--min-samples-leaf=4", "--min-samples-split", "9", "--seed=0", "--target=t"});
  EXPECT_EQ(train.data, "a=b.csv");
  EXPECT_EQ(train.target, "t");
  const ForestParams expected = {
      .n_trees = 7, .max_depth = 3, .max_features = 0, .min_samples_split = 9, .min_samples_leaf = 4, .seed = 0};
  EXPECT_EQ(train.forest.resolve(set_of_size(100, 10)), expected);
}

TEST(OptionsTest, MaxFeatures) {
  const auto resolved = [](std::string_view value, std::uint32_t n_features) {
    const auto bench = parsed<BenchCommand>({"bench", "--max-features", value});
    return bench.forest.resolve(set_of_size(100, n_features)).max_features;
  };
  EXPECT_EQ(resolved("all", 10), 0U);
  EXPECT_EQ(resolved("third", 10), 3U);
  EXPECT_EQ(resolved("third", 2), 1U);
  EXPECT_EQ(resolved("sqrt", 10), 3U);
  EXPECT_EQ(resolved("sqrt", 16), 4U);
  EXPECT_EQ(resolved("sqrt", 1), 1U);
  EXPECT_EQ(resolved("5", 10), 5U);
}

TEST(OptionsTest, MaxFeaturesUnlessGivenAreWhatSuitsTheTask) {
  TrainingSet set = set_of_size(100, 10);
  const ForestOptions unset = parsed<BenchCommand>({"bench"}).forest;
  const ForestOptions all = parsed<BenchCommand>({"bench", "--max-features", "all"}).forest;
  EXPECT_EQ(unset.resolve(set).max_features, 0U);
  set.classes = {"no", "yes"};
  EXPECT_EQ(unset.resolve(set).max_features, 3U);
  EXPECT_EQ(all.resolve(set).max_features, 0U);
}

TEST(OptionsTest, OptionsOfTheOtherCommands) {
  const auto train = parsed<TrainCommand>({"train", "--data", "d", "--model", "m", "--json", "--task=classification"});
  EXPECT_TRUE(train.json);
  EXPECT_EQ(train.task, Task::classification);
  EXPECT_EQ(parsed<BenchCommand>({"bench"}).task, Task::automatic);
  EXPECT_EQ(parsed<BenchCommand>({"bench", "--task", "regression"}).task, Task::regression);
  EXPECT_EQ(parsed<BenchCommand>({"bench", "--task", "auto"}).task, Task::automatic);
  EXPECT_EQ(train_error({"--task", "rank"}), "option '--task' needs auto, regression or classification, not 'rank'");
  const auto predict =
      parsed<PredictCommand>({"predict", "--model", "m", "--data", "d", "--output", "o", "--probabilities"});
  EXPECT_EQ(predict.output, "o");
  EXPECT_TRUE(predict.probabilities);
  const auto evaluate = parsed<EvaluateCommand>({"evaluate", "--model", "m", "--data", "d", "--json"});
  EXPECT_EQ(evaluate.model, "m");
  EXPECT_EQ(evaluate.data, "d");
  EXPECT_TRUE(evaluate.json);
  EXPECT_TRUE(parsed<InfoCommand>({"info", "--model", "m", "--json"}).json);
  const auto import = parsed<ImportCommand>(
      {"import", "--treelite", "t", "--model", "m", "--features", "a,b", "--classes=no,yes", "--target", "y"});
  EXPECT_EQ(import.treelite, "t");
  EXPECT_EQ(import.model, "m");
  EXPECT_EQ(import.features, "a,b");
  EXPECT_EQ(import.classes, "no,yes");
  EXPECT_EQ(import.target, "y");
  const auto exported = parsed<ExportCommand>({"export", "--model", "m", "--treelite", "t"});
  EXPECT_EQ(exported.model, "m");
  EXPECT_EQ(exported.treelite, "t");
}

TEST(OptionsTest, MaxDepth) {
  for (const char* any : {"0", "none"}) {
    EXPECT_EQ(parsed<BenchCommand>({"bench", "--max-depth", any}).forest.params.max_depth, 0U);
  }
}

TEST(OptionsTest, MaxSamples) {
  const auto resolved = [](std::string_view value, std::uint32_t n_rows) {
    return parsed<BenchCommand>({"bench", "--max-samples", value}).forest.resolve(set_of_size(n_rows, 1)).max_samples;
  };
  EXPECT_EQ(resolved("70", 100), 70U);
  EXPECT_EQ(resolved("170", 100), 170U);
  EXPECT_EQ(resolved("0.5", 101), 51U);
  EXPECT_EQ(resolved("1.0", 100), 100U);
  EXPECT_EQ(resolved("1e-9", 100), 1U);
  EXPECT_EQ(train_error({"--max-samples", "0"}), "option '--max-samples' cannot be '0': it is at least 1");
  for (const std::string value : {"half", "0.0", "1.5", "-0.5", "0.5x", "nan"}) {
    EXPECT_EQ(
        train_error({"--max-samples", value}),
        "option '--max-samples' needs a number of rows or a share of them above 0.0 up to 1.0, not '" + value + "'");
  }
}

TEST(OptionsTest, MinImpurityDecrease) {
  const auto bench = parsed<BenchCommand>({"bench", "--min-impurity-decrease", "0.001"});
  EXPECT_EQ(bench.forest.params.min_impurity_decrease, 0.001);
  for (const std::string value : {"x", "-1", "1e999", "inf", "1 2"}) {
    EXPECT_EQ(train_error({"--min-impurity-decrease", value}),
              "option '--min-impurity-decrease' needs a number that is not negative, not '" + value + "'");
  }
}

TEST(OptionsTest, Flags) {
  const auto bench = parsed<BenchCommand>({"bench", "--oob-score", "--max-bins", "9"});
  EXPECT_TRUE(bench.forest.params.oob_score);
  EXPECT_TRUE(bench.forest.params.bootstrap);
  EXPECT_EQ(bench.forest.params.max_bins, 9U);
  EXPECT_FALSE(parsed<BenchCommand>({"bench", "--no-bootstrap"}).forest.params.bootstrap);
  EXPECT_EQ(train_error({"--oob-score=1"}), "option '--oob-score' takes no value");
  EXPECT_EQ(train_error({"--oob-score", "1"}), "unexpected argument '1' after 'train'");
}

TEST(OptionsTest, NamesContradictions) {
  EXPECT_EQ(train_error({"--oob-score", "--no-bootstrap"}),
            "option '--no-bootstrap' contradicts '--oob-score': there every tree sees all rows");
  EXPECT_EQ(train_error({"--no-bootstrap", "--max-samples", "1.0"}),
            "option '--no-bootstrap' contradicts '--max-samples': there every tree sees all rows");
}

TEST(OptionsTest, HelpAndVersion) {
  for (const auto& arguments : {Arguments{"--help"}, {"-h"}, {"help"}, {"train", "--help"}}) {
    EXPECT_TRUE(std::holds_alternative<HelpCommand>(parse_command(arguments).value()));
  }
  EXPECT_TRUE(std::holds_alternative<VersionCommand>(parse_command(Arguments{"--version"}).value()));
}

TEST(OptionsTest, NamesUnknownCommandsAndOptions) {
  EXPECT_EQ(usage_error({}), "no command: train, predict, evaluate, bench, info, import, export or help");
  EXPECT_EQ(usage_error({"tarin"}),
            "unknown command 'tarin': train, predict, evaluate, bench, info, import, export or help");
  EXPECT_EQ(train_error({"--tree", "5"}), "unknown option '--tree' for 'train'");
  EXPECT_EQ(train_error({"--tree=5"}), "unknown option '--tree' for 'train'");
  EXPECT_EQ(usage_error({"predict", "--trees", "5"}), "unknown option '--trees' for 'predict'");
  EXPECT_EQ(train_error({"more"}), "unexpected argument 'more' after 'train'");
}

TEST(OptionsTest, NamesMissingAndRepeatedOptions) {
  EXPECT_EQ(usage_error({"train", "--data", "d.csv"}), "'train' needs the option '--model'");
  EXPECT_EQ(usage_error({"predict", "--model", "m"}), "'predict' needs the option '--data'");
  EXPECT_EQ(usage_error({"info"}), "'info' needs the option '--model'");
  EXPECT_EQ(usage_error({"evaluate", "--model", "m"}), "'evaluate' needs the option '--data'");
  EXPECT_EQ(usage_error({"import", "--model", "m"}), "'import' needs the option '--treelite'");
  EXPECT_EQ(usage_error({"export", "--treelite", "t"}), "'export' needs the option '--model'");
  EXPECT_EQ(train_error({"--trees"}), "option '--trees' needs a value");
  EXPECT_EQ(train_error({"--trees", "--seed"}), "option '--trees' needs a value");
  EXPECT_EQ(train_error({"--trees="}), "option '--trees' needs a value");
  EXPECT_EQ(train_error({"--trees", "1", "--trees", "2"}), "option '--trees' is given twice");
}

TEST(OptionsTest, NamesBadNumbers) {
  EXPECT_EQ(train_error({"--trees", "0"}), "option '--trees' cannot be '0': it is at least 1");
  EXPECT_EQ(train_error({"--min-samples-split", "1"}), "option '--min-samples-split' cannot be '1': it is at least 2");
  EXPECT_EQ(train_error({"--max-depth", "x"}), "option '--max-depth' needs a whole number or none, not 'x'");
  EXPECT_EQ(train_error({"--max-bins", "256"}), "option '--max-bins' cannot be '256': it is at most 255");
  EXPECT_EQ(train_error({"--max-bins", "1"}), "option '--max-bins' cannot be '1': it is at least 2");
  EXPECT_EQ(train_error({"--seed", "-1"}), "option '--seed' needs a whole number, not '-1'");
  EXPECT_EQ(train_error({"--trees", "1.5"}), "option '--trees' needs a whole number, not '1.5'");
  EXPECT_EQ(train_error({"--seed", "4294967296"}), "option '--seed' cannot be '4294967296': it is at most 4294967295");
  EXPECT_EQ(train_error({"--seed", "99999999999999999999999999"}),
            "option '--seed' cannot be '99999999999999999999999999': it is at most 4294967295");
  EXPECT_EQ(train_error({"--max-features", "half"}),
            "option '--max-features' needs a whole number, all, third or sqrt, not 'half'");
  EXPECT_EQ(train_error({"--max-features", "0"}), "option '--max-features' cannot be '0': it is at least 1");
}

}  // namespace
}  // namespace wasm_ml
