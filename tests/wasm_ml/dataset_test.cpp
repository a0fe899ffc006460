#include "dataset.hpp"

#include <gmock/gmock.h>

namespace wasm_ml {
namespace {

using testing::ElementsAre;

std::vector<float> values_of(const TrainingSet& set, std::uint32_t row) {
  std::vector<float> values(set.n_features());
  for (std::uint32_t feature = 0; feature < set.n_features(); ++feature) values[feature] = set.value(row, feature);
  return values;
}

CsvFile csv(const std::string& text) { return CsvFile::parse("data.csv", text).value(); }

TEST(DatasetTest, TheTargetIsTheLastColumnOrTheNamedOne) {
  const auto last = training_set(csv("a,b,y\n1,2,3\n4,5,6\n"), "");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->target_name, "y");
  EXPECT_THAT(last->feature_names, ElementsAre("a", "b"));
  EXPECT_THAT(values_of(*last, 0), ElementsAre(1, 2));
  EXPECT_THAT(values_of(*last, 1), ElementsAre(4, 5));
  EXPECT_EQ(last->label(0), 3);
  EXPECT_EQ(last->label(1), 6);
  const auto named = training_set(csv("a,b,y\n1,2,3\n4,5,6\n"), "b");
  ASSERT_TRUE(named);
  EXPECT_THAT(named->feature_names, ElementsAre("a", "y"));
  EXPECT_THAT(values_of(*named, 1), ElementsAre(4, 6));
  EXPECT_EQ(named->label(1), 5);
}

TEST(DatasetTest, NamesAnAbsentTargetAndASingleColumn) {
  EXPECT_EQ(training_set(csv("a,y\n1,2\n"), "z").error().message,
            "data.csv: no column 'z' to be the target; there are 'a', 'y'");
  EXPECT_EQ(training_set(csv("a;y\n1;2\n"), "").error().message,
            "data.csv:1: only one column, 'a;y': a target and at least one feature are needed, separated by commas");
}

TEST(DatasetTest, KnowsConstantFeatures) {
  EXPECT_THAT(constant_features(training_set(csv("a,y,b,c\n1,2,3,-0\n1,2,4,0\n1,3,3,0\n"), "y").value()),
              ElementsAre("a", "c"));
  EXPECT_THAT(constant_features(training_set(csv("a,y\n1,2\n"), "").value()), ElementsAre("a"));
}

TEST(DatasetTest, FindsFeaturesByNameAndIgnoresOthers) {
  const auto set = prediction_set(csv("id,y,b,a\nx,,2,1\nz,7,4,3\n"), {"a", "b"}, "y");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->n_rows, 2U);
  EXPECT_THAT(set->features, ElementsAre(1, 2, 3, 4));
  ASSERT_FALSE(set->targets);
  EXPECT_EQ(set->targets.error().message, "data.csv:2:2: column 'y': is blank");
}

TEST(DatasetTest, GivesTargetsWhereTheyAre) {
  const auto set = prediction_set(csv("y,a\n5,1\n6,2\n"), {"a"}, "y");
  ASSERT_TRUE(set);
  EXPECT_THAT(set->targets.value(), ElementsAre(5, 6));
  EXPECT_EQ(prediction_set(csv("a\n1\n"), {"a"}, "y")->targets.error().message,
            "data.csv: the target's column 'y' is missing from the header");
}

TEST(DatasetTest, NamesMissingFeatures) {
  EXPECT_EQ(prediction_set(csv("a\n1\n"), {"a", "b"}, "y").error().message,
            "data.csv: the model's feature 'b' is missing from the header");
  EXPECT_EQ(prediction_set(csv("a\n1\n"), {"b", "a", "c"}, "y").error().message,
            "data.csv: the model's features 'b', 'c' are missing from the header");
}

}  // namespace
}  // namespace wasm_ml
