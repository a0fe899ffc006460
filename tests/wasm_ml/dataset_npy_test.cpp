// Data sets from arrays.
#include <gmock/gmock.h>

#include <cmath>
#include <utility>

#include "dataset.hpp"

namespace wasm_ml {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsNan;

NpyArray array_of(std::size_t n_columns, std::vector<float> values) {
  const std::size_t n_rows = values.size() / n_columns;
  return {.name = "x.npy", .n_rows = n_rows, .n_columns = n_columns, .values = std::move(values)};
}

std::string training_error(NpyArray array, const std::string& target, Task task = Task::automatic) {
  const auto set = training_set(std::move(array), target, task);
  return set ? "no error" : set.error().message;
}

TEST(DatasetNpyTest, TheTargetIsTheLastColumnOrTheNumberedOne) {
  const NpyArray array = array_of(3, {1, 2, 3, 4, NAN, 6});
  const auto last = training_set(array, "", Task::automatic);
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(last->n_rows, 2U);
  EXPECT_EQ(last->target_name, "2");
  EXPECT_THAT(last->feature_names(), ElementsAre("0", "1"));
  EXPECT_THAT(last->features, ElementsAre(1, 2, 4, IsNan()));
  EXPECT_THAT(last->targets, ElementsAre(3, 6));
  const auto first = training_set(array, "0", Task::automatic);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->target_name, "0");
  EXPECT_THAT(first->feature_names(), ElementsAre("1", "2"));
  EXPECT_THAT(first->features, ElementsAre(2, 3, IsNan(), 6));
  EXPECT_THAT(first->targets, ElementsAre(1, 4));
  EXPECT_EQ(training_error(array, "1"), "x.npy: the target of row 1 is missing");
  EXPECT_EQ(training_error(array, "3"), "x.npy: no column '3' to be the target; there are 0 to 2");
  EXPECT_EQ(training_error(array, "y"), "x.npy: no column 'y' to be the target; there are 0 to 2");
  EXPECT_EQ(training_error(array_of(1, {1}), ""),
            "x.npy: only one column: a target and at least one feature are needed");
}

TEST(DatasetNpyTest, TargetsOfAnotherArray) {
  const NpyArray features = array_of(2, {1, 2, 3, 4});
  const auto with = [&](NpyArray targets, Task task) {
    targets.name = "folder.d/y.npy";
    return training_set(features, std::move(targets), task);
  };
  const auto set = with(array_of(1, {7, 5}), Task::classification);
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->target_name, "y");
  EXPECT_THAT(set->feature_names(), ElementsAre("0", "1"));
  EXPECT_THAT(set->classes, ElementsAre("5", "7"));
  EXPECT_THAT(set->targets, ElementsAre(1, 0));
  EXPECT_THAT(with(array_of(1, {7, 5}), Task::automatic).value().classes, IsEmpty());
  EXPECT_EQ(with(array_of(1, {7}), Task::automatic).error().message, "folder.d/y.npy: 1 rows, but x.npy has 2");
  EXPECT_EQ(with(features, Task::automatic).error().message, "folder.d/y.npy: 2 columns: a target has one");
  EXPECT_EQ(with(array_of(1, {7, 0.5}), Task::classification).error().message,
            "folder.d/y.npy: column 'y': 0.5 is not a whole number: classes are whole numbers or texts");
}

TEST(DatasetNpyTest, ColumnsToPredictFrom) {
  const auto features = numeric_features({"0", "2"});
  const ModelColumns model{.features = features, .target_name = "1"};
  const auto by_number = prediction_set(array_of(4, {1, 2, 3, 4, 5, 6, 7, 8}), model);
  ASSERT_TRUE(by_number);
  EXPECT_THAT(by_number->features, ElementsAre(1, 3, 5, 7));
  EXPECT_THAT(by_number->targets.value(), ElementsAre(2, 6));
  const auto in_order = prediction_set(array_of(2, {1, 2, 3, 4}), model);
  ASSERT_TRUE(in_order);
  EXPECT_THAT(in_order->features, ElementsAre(1, 2, 3, 4));
  EXPECT_FALSE(in_order->has_target);
  EXPECT_EQ(in_order->targets.error().message, "x.npy: the target's column '1' is missing from the array");
  EXPECT_EQ(prediction_set(array_of(1, {1}), model).error().message,
            "x.npy: the model's feature '2' is missing from the array");
}

TEST(DatasetNpyTest, ClassesAndCategories) {
  const auto features = numeric_features({"0"});
  const std::vector<std::string> classes = {"3", "12"};
  const ModelColumns model{.features = features, .target_name = "1", .classes = classes};
  EXPECT_THAT(prediction_set(array_of(2, {1, 12, 2, 3}), model).value().targets.value(), ElementsAre(1, 0));
  EXPECT_EQ(prediction_set(array_of(2, {1, 12, 2, 4}), model).value().targets.error().message,
            "x.npy: column '1': '4' is not one of the model's classes");
  EXPECT_EQ(prediction_set(array_of(2, {1, 12, 2, NAN}), model).value().targets.error().message,
            "x.npy: the target of row 1 is missing");
  const std::vector<FeatureType> texts = {{.name = "color", .categories = {"red"}}};
  EXPECT_EQ(prediction_set(array_of(1, {1}), {.features = texts, .target_name = "y"}).error().message,
            "x.npy: the model's feature 'color' is one of texts, which an array does not have");
}

}  // namespace
}  // namespace wasm_ml
