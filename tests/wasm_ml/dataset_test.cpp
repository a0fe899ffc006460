#include "dataset.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace wasm_ml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsNan;

CsvFile csv(const std::string& text) { return CsvFile::open(ByteSource::of_bytes("data.csv", text)).value(); }

Result<TrainingSet> train_on(const std::string& text, const std::string& target = "", Task task = Task::automatic) {
  return training_set(csv(text), target, task);
}

std::string training_error(const std::string& text, const std::string& target = "", Task task = Task::automatic) {
  const auto set = train_on(text, target, task);
  return set ? "no error" : set.error().message;
}

TEST(DatasetTest, TheTargetIsTheLastColumnOrTheNamedOne) {
  const auto last = train_on("a,b,y\n1,2,3\n4,5,6\n");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->n_rows, 2U);
  EXPECT_EQ(last->target_name, "y");
  EXPECT_THAT(last->feature_names(), ElementsAre("a", "b"));
  EXPECT_THAT(last->features, ElementsAre(1, 2, 4, 5));
  EXPECT_THAT(last->targets, ElementsAre(3, 6));
  EXPECT_THAT(last->classes, IsEmpty());
  const auto named = train_on("a,b,y\n1,2,3\n4,5,6\n", "b");
  ASSERT_TRUE(named);
  EXPECT_THAT(named->feature_names(), ElementsAre("a", "y"));
  EXPECT_THAT(named->features, ElementsAre(1, 3, 4, 6));
  EXPECT_THAT(named->targets, ElementsAre(2, 5));
  EXPECT_EQ(named->value(1, 1), 6);
  EXPECT_EQ(named->label(1), 5);
}

TEST(DatasetTest, NamesAnAbsentTargetAndASingleColumn) {
  EXPECT_EQ(training_error("a,y\n1,2\n", "z"), "data.csv: no column 'z' to be the target; there are 'a', 'y'");
  EXPECT_EQ(training_error("a;y\n1;2\n"),
            "data.csv:1: only one column, 'a;y': a target and at least one feature are needed, separated by commas");
  EXPECT_THAT(training_error("a,b,c,d,e,f,g,h,i,j,k,l\n", "z"), HasSubstr("'i', 'j' and 2 more"));
}

TEST(DatasetTest, KnowsConstantFeatures) {
  EXPECT_THAT(constant_features(train_on("a,y,b,c,d,e\n1,2,3,-0,,NA\n1,2,4,0,,1\n1,3,3,0,,\n", "y").value()),
              ElementsAre("a", "c", "d"));
  EXPECT_THAT(constant_features(train_on("a,y\n1,2\n").value()), ElementsAre("a"));
}

TEST(DatasetTest, TextsAreCategoriesInTheOrderOfTheirMeanTarget) {
  const auto set = train_on("color,x,y\nred,1,5\nblue,2,1\nred,3,7\n,4,100\ngreen,5,1\nblue,6,2\n");
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_THAT(set->feature_types[0].categories, ElementsAre("green", "blue", "red"));
  EXPECT_THAT(set->feature_types[1].categories, IsEmpty());
  EXPECT_THAT(set->features, ElementsAre(2, 1, 1, 2, 2, 3, IsNan(), 4, 0, 5, 1, 6));
  EXPECT_THAT(set->mixed_features, IsEmpty());
}

TEST(DatasetTest, MixedFeaturesAreCategoriesAndListed) {
  const auto set = train_on("a,b,c,y\n1,1,x,1\n2,x,2,2\n3,y,y,3\n");
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_THAT(set->mixed_features, ElementsAre("b", "c"));
  EXPECT_THAT(set->feature_types[1].categories, ElementsAre("1", "x", "y"));
  EXPECT_THAT(set->features, ElementsAre(1, 0, 0, 2, 1, 1, 3, 2, 2));
}

TEST(DatasetTest, TargetsOfTexts) {
  const std::string text = "x,y\n1,no\n2,yes\n3,no\n4,Maybe\n";
  for (const Task task : {Task::automatic, Task::classification}) {
    const auto set = train_on(text, "", task);
    ASSERT_TRUE(set) << set.error().message;
    EXPECT_THAT(set->classes, ElementsAre("Maybe", "no", "yes"));
    EXPECT_THAT(set->targets, ElementsAre(1, 2, 1, 0));
  }
  EXPECT_EQ(training_error(text, "", Task::regression), "data.csv:2:2: column 'y': 'no' is not a number");
}

TEST(DatasetTest, TargetsOfWholeNumbers) {
  const std::string text = "x,y\n1,10\n2,-1\n3,9\n4,10.0\n";
  const auto classes = train_on(text, "", Task::classification);
  ASSERT_TRUE(classes) << classes.error().message;
  EXPECT_THAT(classes->classes, ElementsAre("-1", "9", "10"));
  EXPECT_THAT(classes->targets, ElementsAre(2, 0, 1, 2));
  EXPECT_THAT(train_on("x,y\n1,-0\n2,1\n", "", Task::classification).value().classes, ElementsAre("0", "1"));
  for (const Task task : {Task::automatic, Task::regression}) {
    const auto numbers = train_on(text, "", task);
    ASSERT_TRUE(numbers);
    EXPECT_THAT(numbers->classes, IsEmpty());
    EXPECT_THAT(numbers->targets, ElementsAre(10, -1, 9, 10));
  }
}

TEST(DatasetTest, TargetsOfNumbersAndTexts) {
  const auto set = train_on("x,y\n1,10\n2,9\n3,b\n4,010\n", "", Task::classification);
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_THAT(set->classes, ElementsAre("010", "10", "9", "b"));
  EXPECT_THAT(set->targets, ElementsAre(1, 2, 3, 0));
  EXPECT_EQ(training_error("x,y\n1,10\n2,9\n3,b\n"), "data.csv:4:2: column 'y': 'b' is not a number");
  EXPECT_EQ(training_error("x,y\n1,b\n2,9\n"),
            "data.csv: column 'y': some of it is numbers and some is not: say whether they are classes");
}

TEST(DatasetTest, TargetsThatAreWrong) {
  for (const Task task : {Task::automatic, Task::regression, Task::classification}) {
    EXPECT_EQ(training_error("x,y\n1,1\n2,\n", "", task), "data.csv:3:2: column 'y': is blank");
    EXPECT_EQ(training_error("x,y\n1,1\n2,NA\n", "", task), "data.csv:3:2: column 'y': 'NA' is a missing value");
    EXPECT_EQ(training_error("x,y\n1,1\n2,inf\n", "", task), "data.csv:3:2: column 'y': 'inf' is not a finite number");
  }
  const auto error = [](const std::string& text) { return training_error(text, "", Task::classification); };
  EXPECT_EQ(error("x,y\n1,1\n2,2.5\n"),
            "data.csv: column 'y': 2.5 is not a whole number: classes are whole numbers or texts");
  EXPECT_EQ(error("x,y\n1,1\n2,16777216\n"), "data.csv: column 'y': 16777216 is too large for the number of a class");
  EXPECT_EQ(error("x,y\n1,1\n2,1\n"), "data.csv: column 'y': only one class: at least two are needed");
  EXPECT_EQ(error("x,y\n1,a\n2,a\n"), "data.csv: column 'y': only one class: at least two are needed");
  std::string numbers = "x,y\n";
  std::string texts = "x,y\n";
  for (int i = 0; i < 256; ++i) {
    numbers += "0," + std::to_string(i) + "\n";
    texts += "0,t" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(train_on(numbers, "", Task::classification).value().classes.size(), 256U);
  EXPECT_EQ(train_on(texts, "", Task::classification).value().classes.size(), 256U);
  EXPECT_EQ(error(numbers + "0,256\n"), "data.csv: column 'y': more than 256 classes");
  EXPECT_EQ(error(texts + "0,x\n"), "data.csv:258:2: column 'y': more than 256 classes");
}

TEST(DatasetTest, FindsFeaturesByNameAndIgnoresOthers) {
  const auto features = numeric_features({"a", "b"});
  const auto set = prediction_set(csv("id,y,b,a\nx,,2,1\nz,7,,3\n"), {.features = features, .target_name = "y"});
  ASSERT_TRUE(set);
  EXPECT_EQ(set->n_rows, 2U);
  EXPECT_THAT(set->features, ElementsAre(1, 2, 3, IsNan()));
  EXPECT_TRUE(set->has_target);
  ASSERT_FALSE(set->targets);
  EXPECT_EQ(set->targets.error().message, "data.csv:2:2: column 'y': is blank");
}

TEST(DatasetTest, GivesTargetsWhereTheyAre) {
  const auto features = numeric_features({"a"});
  const auto set = prediction_set(csv("y,a\n5,1\n6,2\n"), {.features = features, .target_name = "y"});
  ASSERT_TRUE(set);
  EXPECT_THAT(set->targets.value(), ElementsAre(5, 6));
  const auto none = prediction_set(csv("a\n1\n"), {.features = features, .target_name = "y"});
  EXPECT_FALSE(none->has_target);
  EXPECT_EQ(none->targets.error().message, "data.csv: the target's column 'y' is missing from the header");
}

TEST(DatasetTest, GivesTargetsAsTheModelsClasses) {
  const auto features = numeric_features({"a"});
  const auto targets = [&](const std::string& text, const std::vector<std::string>& classes) {
    return prediction_set(csv(text), {.features = features, .target_name = "y", .classes = classes}).value().targets;
  };
  EXPECT_THAT(targets("a,y\n1,yes\n1,no\n1,yes\n", {"no", "yes"}).value(), ElementsAre(1, 0, 1));
  EXPECT_THAT(targets("a,y\n1,10\n1,9.0\n", {"-1", "9", "10"}).value(), ElementsAre(2, 1));
  EXPECT_THAT(targets("a,y\n1,9\n1,b\n", {"9", "b"}).value(), ElementsAre(0, 1));
  EXPECT_EQ(targets("a,y\n1,yes\n1,oh\n", {"no", "yes"}).error().message,
            "data.csv: column 'y': 'oh' is not one of the model's classes");
  EXPECT_EQ(targets("a,y\n1,1\n1,2.5\n", {"1", "2"}).error().message,
            "data.csv: column 'y': '2.5' is not one of the model's classes");
  EXPECT_EQ(targets("a,y\n1,1\n1,3\n", {"1", "2"}).error().message,
            "data.csv: column 'y': '3' is not one of the model's classes");
  EXPECT_EQ(targets("a,y\n1,1\n1,inf\n1,\n", {"1", "2"}).error().message, "data.csv:4:2: column 'y': is blank");
  EXPECT_EQ(targets("a,y\n1,1\n1,inf\n", {"1", "2"}).error().message,
            "data.csv:3:2: column 'y': 'inf' is not a finite number");
}

TEST(DatasetTest, GivesTheModelsCodesOfCategories) {
  const std::vector<FeatureType> features = {{.name = "color", .categories = {"green", "1", "red"}}, {.name = "x"}};
  const ModelColumns model{.features = features, .target_name = "y"};
  const auto set = prediction_set(csv("x,color\n1,red\n2,pink\n3,\n4,1\n5,1.0\n6,\"green\"\n"), model);
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_THAT(set->features, ElementsAre(2, 1, IsNan(), 2, IsNan(), 3, 1, 4, IsNan(), 5, 0, 6));
  EXPECT_EQ(prediction_set(csv("x,color\n1,red\ntwo,red\n"), model).error().message,
            "data.csv:3:1: column 'x': 'two' is not a number");
}

TEST(DatasetTest, NamesMissingFeatures) {
  const auto error = [](const std::vector<std::string>& names) {
    const auto features = numeric_features(names);
    return prediction_set(csv("a\n1\n"), {.features = features, .target_name = "y"}).error().message;
  };
  EXPECT_EQ(error({"a", "b"}), "data.csv: the model's feature 'b' is missing from the header");
  EXPECT_EQ(error({"b", "a", "c"}), "data.csv: the model's features 'b', 'c' are missing from the header");
}

TEST(DatasetTest, ModelsWhoseNamesAreNotDifferent) {
  const auto twice = numeric_features({"a", "b", "a"});
  EXPECT_EQ(prediction_set(csv("a,b\n1,2\n"), {.features = twice, .target_name = "y"}).error().message,
            "data.csv: the model has two features 'a'");
  const auto features = numeric_features({"a", "b"});
  const auto set = prediction_set(csv("a,b\n1,2\n"), {.features = features, .target_name = "a"});
  ASSERT_TRUE(set);
  EXPECT_THAT(set->features, ElementsAre(1, 2));
  EXPECT_FALSE(set->has_target);
}

TEST(DatasetTest, TheFilesNameTellsWhatItIs) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "dataset_test";
  std::filesystem::create_directories(folder);
  const auto write = [&](const char* name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
    return (folder / name).string();
  };
  const std::string table = write("t.csv", "a,y\n1,2\n");
  const std::string array = write("t.npy", encode_npy(std::vector<float>{1, 2, 3, 4, 5, 6}, 3));
  const std::string targets = write("goal.npy", encode_npy(std::vector<float>{7, 8}));
  EXPECT_THAT(load_training_set(table, "", Task::automatic).value().features, ElementsAre(1));
  EXPECT_THAT(load_training_set(array, "", Task::automatic).value().targets, ElementsAre(3, 6));
  const auto both = load_training_set(array, targets, Task::automatic).value();
  EXPECT_THAT(both.targets, ElementsAre(7, 8));
  EXPECT_EQ(both.target_name, "goal");
  const auto features = both.feature_types;
  EXPECT_THAT(load_prediction_set(array, {.features = features, .target_name = "goal"}).value().features,
              ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(load_training_set(array, (folder / "none.npy").string(), Task::automatic).error().message,
              HasSubstr("cannot open"));
  EXPECT_THAT(load_prediction_set((folder / "none.csv").string(), {}).error().message, HasSubstr("cannot open"));
  EXPECT_THAT(load_training_set(write("x.npy", "a,y\n1,2\n"), "", Task::automatic).error().message,
              HasSubstr("x.npy: no .npy file"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace wasm_ml
