// The random forest module on tables of texts and numbers: classes, categories, blanks, quotes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ranges>

#include "e2e/wasm_ml.hpp"

namespace gpu_host::e2e {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kAnimals =
    "legs,skin,class\n"
    "2,feathers,bird\n"
    "2,\"feathers\",bird\n"
    "4,fur,\"mammal, furry\"\n"
    "4,\"fur, long\",\"mammal, furry\"\n"
    ",fur,\"mammal, furry\"\n"
    "NA,\"fur, long\",\"mammal, furry\"\n"
    "6,shell,insect\n"
    "6,shell,insect\n"
    "0,,\"\"\"true\"\" worm\"\n";

// Every tree sees every row and every feature, so that it knows them all by heart.
class WasmMlTable : public testing::Test {
 protected:
  void SetUp() override {
    folder_.add("animals.csv", kAnimals);
    const Outcome outcome = learn("animals.csv", "model");
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(outcome.err, "");
  }
  [[nodiscard]] Outcome run(const std::vector<std::string>& arguments) const {
    return wasm_ml(folder_, arguments, "cpu");
  }
  [[nodiscard]] Outcome learn(const std::string& data, const std::string& model,
                              const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"train", "--data",         data,  "--model",       model, "--trees",
                                       "5",     "--max-features", "all", "--no-bootstrap"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  // The predictions of one line of data.
  [[nodiscard]] std::string predict_line(const std::string& header, const std::string& line) const {
    folder_.add("line.csv", header + "\n" + line + "\n");
    const Outcome outcome = run({"predict", "--model", "model", "--data", "line.csv", "--probabilities"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    const std::vector<std::string> lines = lines_of(outcome.out);
    return lines.size() == 2 ? lines[1] : outcome.out;
  }
  TempFolder folder_;
};

TEST_F(WasmMlTable, PredictsClassesByName) {
  const Outcome outcome = run({"predict", "--model", "model", "--data", "animals.csv"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out,
            "prediction\nbird\nbird\n\"mammal, furry\"\n\"mammal, furry\"\n\"mammal, furry\"\n\"mammal, furry\"\n"
            "insect\ninsect\n\"\"\"true\"\" worm\"\n");
  EXPECT_THAT(outcome.err, testing::StartsWith("against column 'class': accuracy 1.0000, log loss "));
}

TEST_F(WasmMlTable, TellsProbabilitiesWhenAsked) {
  const Outcome outcome = run({"predict", "--model", "model", "--data", "animals.csv", "--probabilities"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  const std::vector<std::string> lines = lines_of(outcome.out);
  ASSERT_EQ(lines.size(), 10U);
  EXPECT_EQ(lines[0],
            "prediction,\"probability of \"\"true\"\" worm\",probability of bird,probability of insect,"
            "\"probability of mammal, furry\"");
  EXPECT_EQ(lines[1], "bird,0,1,0,0");
  EXPECT_EQ(lines[9], "\"\"\"true\"\" worm\",1,0,0,0");
}

TEST_F(WasmMlTable, FindsColumnsByNameAndIgnoresOthers) {
  const std::string insect = predict_line("skin,unknown,legs", "shell,what,6");
  EXPECT_EQ(insect, "insect,0,0,1,0");
  EXPECT_EQ(predict_line("legs,skin", "6,\"shell\""), insect);
  EXPECT_EQ(predict_line("legs,skin", "6.0,shell"), insect);
}

TEST_F(WasmMlTable, WhatWasNotSeenInTrainingIsMissing) {
  const std::string blank = predict_line("legs,skin", "4,");
  for (const char* const skin : {"scales", "\"\"", "NA", "nan", "17", "Fur"}) {
    EXPECT_EQ(predict_line("legs,skin", std::string("4,") + skin), blank) << skin;
  }
  EXPECT_NE(predict_line("legs,skin", "4,fur"), predict_line("legs,skin", "4,feathers"));
}

TEST_F(WasmMlTable, ATextWhereTheModelHasNumbersIsAnError) {
  folder_.add("bad.csv", "skin,legs\nfur,4\nfur,four\n");
  const Outcome outcome = run({"predict", "--model", "model", "--data", "bad.csv"});
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  EXPECT_EQ(outcome.err, "wasm_ml: error: bad.csv:3:2: column 'legs': 'four' is not a number\n");
}

TEST_F(WasmMlTable, IsEvaluated) {
  const Outcome lines = run({"evaluate", "--model", "model", "--data", "animals.csv"});
  EXPECT_EQ(lines.exit_code, 0) << lines;
  EXPECT_EQ(lines.out, "against column 'class': accuracy 1.0000, log loss 0.0000 over 9 rows\n");
  EXPECT_EQ(lines.err, "");
  folder_.add("half.csv", "legs,skin,class\n2,feathers,bird\n2,feathers,insect\n");
  const Outcome half = run({"evaluate", "--model", "model", "--data", "half.csv", "--json"});
  EXPECT_EQ(half.exit_code, 0) << half;
  const json evaluation = json::parse(half.out);
  EXPECT_EQ(evaluation.at("rows"), 2);
  EXPECT_EQ(evaluation.at("target"), "class");
  EXPECT_EQ(evaluation.at("accuracy"), 0.5);
  EXPECT_GT(evaluation.at("log_loss"), 1) << "it was sure, and wrong";

  folder_.add("other.csv", "legs,skin,class\n2,feathers,bird\n2,feathers,dinosaur\n");
  const Outcome other = run({"evaluate", "--model", "model", "--data", "other.csv"});
  EXPECT_EQ(other.exit_code, 1) << other;
  EXPECT_THAT(other.err, HasSubstr("column 'class': 'dinosaur' is not one of the model's classes"));
}

TEST_F(WasmMlTable, TellsWhatIsInTheModel) {
  const Outcome lines = run({"info", "--model", "model"});
  EXPECT_EQ(lines.exit_code, 0) << lines;
  EXPECT_THAT(lines.out, HasSubstr("\nclasses              4\n  \"true\" worm\n  bird\n  insect\n  mammal, furry\n"));
  EXPECT_THAT(lines.out, testing::ContainsRegex("\n  skin, 4 categories, importance 0"));

  const Outcome outcome = run({"info", "--model", "model", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  const json info = json::parse(outcome.out);
  EXPECT_EQ(info.at("format_version"), 2);
  EXPECT_EQ(info.at("task"), "classification");
  EXPECT_EQ(info.at("trees"), 5);
  EXPECT_EQ(info.at("target"), "class");
  EXPECT_EQ(info.at("training_rows"), 9);
  EXPECT_EQ(info.at("bootstrap"), false);
  EXPECT_THAT(info.at("classes"), ElementsAre("\"true\" worm", "bird", "insect", "mammal, furry"));
  ASSERT_EQ(info.at("features").size(), 2U);
  EXPECT_EQ(info.at("features")[0].at("name"), "legs");
  EXPECT_FALSE(info.at("features")[0].contains("categories"));
  std::vector<std::string> categories = info.at("features")[1].at("categories");
  std::ranges::sort(categories);
  EXPECT_THAT(categories, ElementsAre("feathers", "fur", "fur, long", "shell"));
}

TEST_F(WasmMlTable, TrainingTellsProgramsWhatItDid) {
  folder_.add("odd.csv", "\"a \"\"b\"\"\\c\",é,y\n1,x,1\n2,y,2\n3,x,3\n4,y,5\n");
  const Outcome outcome = run({"train", "--data", "odd.csv", "--model", "odd", "--oob-score", "--json"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.err, "");
  const json report = json::parse(outcome.out);
  EXPECT_EQ(report.at("model"), "odd");
  EXPECT_EQ(report.at("task"), "regression");
  EXPECT_EQ(report.at("target"), "y");
  EXPECT_EQ(report.at("rows"), 4);
  EXPECT_EQ(report.at("features"), 2);
  EXPECT_EQ(report.at("trees"), 200);
  EXPECT_GT(report.at("nodes"), 200);
  EXPECT_GT(report.at("training_ms"), 0);
  EXPECT_EQ(report.at("backend"), "cpu");
  EXPECT_EQ(report.at("out_of_bag").at("rows"), 4);
  EXPECT_TRUE(report.at("out_of_bag").contains("r2"));
  const json& importances = report.at("importances");
  ASSERT_EQ(importances.size(), 2U);
  EXPECT_NEAR(importances.at("a \"b\"\\c").get<double>() + importances.at("é").get<double>(), 1, 1e-6);
}

TEST_F(WasmMlTable, WholeNumbersAreClassesWhereTheyAreSaidToBe) {
  folder_.add("whole.csv", "a,y\n1,10\n2,10\n3,-1\n4,-1\n5,2\n6,2\n");
  EXPECT_EQ(learn("whole.csv", "whole", {"--task", "classification"}).exit_code, 0);
  const Outcome outcome = run({"predict", "--model", "whole", "--data", "whole.csv", "--probabilities"});
  EXPECT_THAT(lines_of(outcome.out), ElementsAre("prediction,probability of -1,probability of 2,probability of 10",
                                                 "10,0,0,1", "10,0,0,1", "-1,1,0,0", "-1,1,0,0", "2,0,1,0", "2,0,1,0"));
  EXPECT_EQ(learn("whole.csv", "numbers").exit_code, 0);
  EXPECT_EQ(json::parse(run({"info", "--model", "numbers", "--json"}).out).at("task"), "regression");
}

TEST_F(WasmMlTable, TargetsThatDoNotSuitTheTaskAreRefused) {
  folder_.add("fraction.csv", "a,y\n1,1\n2,2.5\n");
  const Outcome fraction = learn("fraction.csv", "new", {"--task", "classification"});
  EXPECT_EQ(fraction.exit_code, 1) << fraction;
  EXPECT_THAT(fraction.err, HasSubstr("fraction.csv: column 'y': 2.5 is not a whole number"));
  const Outcome text = learn("animals.csv", "new", {"--task", "regression"});
  EXPECT_EQ(text.exit_code, 1) << text;
  EXPECT_THAT(text.err, HasSubstr("animals.csv:2:3: column 'class': 'bird' is not a number"));
  const Outcome column = learn("animals.csv", "new", {"--target", "colour"});
  EXPECT_EQ(column.exit_code, 1) << column;
  EXPECT_THAT(column.err, HasSubstr("no column 'colour' to be the target; there are 'legs', 'skin', 'class'"));
  const Outcome task = learn("animals.csv", "new", {"--task", "clustering"});
  EXPECT_EQ(task.exit_code, kUsageError) << task;
  EXPECT_THAT(task.err, HasSubstr("'--task' needs auto, regression or classification, not 'clustering'"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "new"));
}

TEST_F(WasmMlTable, WarnsOfColumnsWithTextsAndNumbers) {
  folder_.add("mixed.csv", "a,b,y\n1,2,1\n2,x,2\n3,4,3\n");
  const Outcome outcome = learn("mixed.csv", "mixed");
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.err, "wasm_ml: warning: column 'b' has texts and numbers: all are taken for names of categories\n");
}

TEST_F(WasmMlTable, BenchMeasuresClassificationToo) {
  const Outcome outcome = run({"bench", "--train", "animals.csv", "--test", "animals.csv", "--trees", "5"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  const json report = json::parse(lines_of(outcome.out).back());
  EXPECT_TRUE(report.contains("accuracy"));
  EXPECT_TRUE(report.contains("log_loss"));
  EXPECT_FALSE(report.contains("r2"));
}

}  // namespace
}  // namespace gpu_host::e2e
