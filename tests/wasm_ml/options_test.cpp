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

TEST(OptionsTest, Defaults) {
  const auto train = parsed<TrainCommand>({"train", "--data", "d.csv", "--model", "m"});
  EXPECT_EQ(train.data, "d.csv");
  EXPECT_EQ(train.model, "m");
  EXPECT_EQ(train.target, "");
  const ForestParams expected = {
      .n_trees = 200, .max_depth = 16, .max_features = 0, .min_samples_split = 2, .min_samples_leaf = 1, .seed = 42};
  EXPECT_EQ(train.forest.resolve(10), expected);
  const auto bench = parsed<BenchCommand>({"bench"});
  EXPECT_EQ(bench.train, "diabetes_train.csv");
  EXPECT_EQ(bench.test, "diabetes_test.csv");
  EXPECT_EQ(bench.forest.resolve(10), expected);
}

TEST(OptionsTest, BothSpellingsOfAValue) {
  const auto train =
      parsed<TrainCommand>({"train", "--data=a=b.csv", "--model", "m", "--trees=7", "--max-depth", "3",
                            "--min-samples-leaf=4", "--min-samples-split", "9", "--seed=0", "--target=t"});
  EXPECT_EQ(train.data, "a=b.csv");
  EXPECT_EQ(train.target, "t");
  const ForestParams expected = {
      .n_trees = 7, .max_depth = 3, .max_features = 0, .min_samples_split = 9, .min_samples_leaf = 4, .seed = 0};
  EXPECT_EQ(train.forest.resolve(10), expected);
}

TEST(OptionsTest, MaxFeatures) {
  const auto resolved = [](std::string_view value, std::uint32_t n_features) {
    const auto bench = parsed<BenchCommand>({"bench", "--max-features", value});
    return bench.forest.resolve(n_features).max_features;
  };
  EXPECT_EQ(resolved("all", 10), 0U);
  EXPECT_EQ(resolved("third", 10), 3U);
  EXPECT_EQ(resolved("third", 2), 1U);
  EXPECT_EQ(resolved("sqrt", 10), 3U);
  EXPECT_EQ(resolved("sqrt", 16), 4U);
  EXPECT_EQ(resolved("sqrt", 1), 1U);
  EXPECT_EQ(resolved("5", 10), 5U);
}

TEST(OptionsTest, HelpAndVersion) {
  for (const auto& arguments : {Arguments{"--help"}, {"-h"}, {"help"}, {"train", "--help"}}) {
    EXPECT_TRUE(std::holds_alternative<HelpCommand>(parse_command(arguments).value()));
  }
  EXPECT_TRUE(std::holds_alternative<VersionCommand>(parse_command(Arguments{"--version"}).value()));
}

TEST(OptionsTest, NamesUnknownCommandsAndOptions) {
  EXPECT_EQ(usage_error({}), "no command: train, predict, bench, info or help");
  EXPECT_EQ(usage_error({"tarin"}), "unknown command 'tarin': train, predict, bench, info or help");
  EXPECT_EQ(train_error({"--tree", "5"}), "unknown option '--tree' for 'train'");
  EXPECT_EQ(train_error({"--tree=5"}), "unknown option '--tree' for 'train'");
  EXPECT_EQ(usage_error({"predict", "--trees", "5"}), "unknown option '--trees' for 'predict'");
  EXPECT_EQ(train_error({"more"}), "unexpected argument 'more' after 'train'");
}

TEST(OptionsTest, NamesMissingAndRepeatedOptions) {
  EXPECT_EQ(usage_error({"train", "--data", "d.csv"}), "'train' needs the option '--model'");
  EXPECT_EQ(usage_error({"predict", "--model", "m"}), "'predict' needs the option '--data'");
  EXPECT_EQ(usage_error({"info"}), "'info' needs the option '--model'");
  EXPECT_EQ(train_error({"--trees"}), "option '--trees' needs a value");
  EXPECT_EQ(train_error({"--trees", "--seed"}), "option '--trees' needs a value");
  EXPECT_EQ(train_error({"--trees="}), "option '--trees' needs a value");
  EXPECT_EQ(train_error({"--trees", "1", "--trees", "2"}), "option '--trees' is given twice");
}

TEST(OptionsTest, NamesBadNumbers) {
  EXPECT_EQ(train_error({"--trees", "0"}), "option '--trees' cannot be '0': it is at least 1");
  EXPECT_EQ(train_error({"--min-samples-split", "1"}), "option '--min-samples-split' cannot be '1': it is at least 2");
  EXPECT_EQ(train_error({"--max-depth", "x"}), "option '--max-depth' needs a whole number, not 'x'");
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
