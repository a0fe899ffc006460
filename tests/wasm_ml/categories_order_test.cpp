#include "categories_order.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <utility>

namespace wasm_ml {
namespace {

using testing::ElementsAre;
using testing::IsNan;

// One feature with these categories and codes.
TrainingSet ordered(std::vector<std::string> categories, std::vector<float> codes, std::vector<std::string> classes,
                    std::vector<float> targets) {
  TrainingSet set{.n_rows = static_cast<std::uint32_t>(codes.size()),
                  .feature_types = {{.name = "a", .categories = std::move(categories)}},
                  .features = std::move(codes),
                  .target_name = "y",
                  .classes = std::move(classes),
                  .targets = std::move(targets)};
  order_categories(set);
  return set;
}

TEST(CategoriesOrderTest, ByTheMeanOfARegressionsTarget) {
  const auto set = ordered({"x", "y", "z"}, {0, 1, 2, 0, NAN, 1}, {}, {5, -1, 3, 0, -100, 6});
  EXPECT_THAT(set.feature_types[0].categories, ElementsAre("x", "y", "z"));  // 2.5, 2.5, 3
  EXPECT_THAT(set.features, ElementsAre(0, 1, 2, 0, IsNan(), 1));
  const auto other = ordered({"y", "x", "z"}, {0, 1, 2, 0, NAN, 1}, {}, {5, -1, -3, 0, -100, 6});
  EXPECT_THAT(other.feature_types[0].categories, ElementsAre("z", "x", "y"));
  EXPECT_THAT(other.features, ElementsAre(2, 1, 0, 2, IsNan(), 1));
}

TEST(CategoriesOrderTest, ByTheShareOfTheSecondOfTwoClasses) {
  const auto set =
      ordered({"often", "never", "half", "a half"}, {0, 0, 0, 1, 2, 2, 3, 3}, {"no", "yes"}, {1, 1, 0, 0, 1, 0, 0, 1});
  EXPECT_THAT(set.feature_types[0].categories, ElementsAre("never", "a half", "half", "often"));
  EXPECT_THAT(set.features, ElementsAre(3, 3, 3, 0, 2, 2, 1, 1));
}

TEST(CategoriesOrderTest, ByTheShareOfTheMostFrequentOfMoreClasses) {
  const auto set = ordered({"p", "q"}, {0, 0, 1, 1, 0, 1}, {"a", "b", "c"}, {2, 1, 1, 1, 0, 0});
  EXPECT_THAT(set.feature_types[0].categories, ElementsAre("p", "q"));  // of b: 1/3, 2/3
  const auto tied = ordered({"p", "q"}, {0, 1, 0, 1}, {"a", "b", "c"}, {0, 1, 0, 1});
  EXPECT_THAT(tied.feature_types[0].categories, ElementsAre("q", "p"));  // of a: 0, 1
}

TEST(CategoriesOrderTest, TiesGoByBytes) {
  const auto set = ordered({"\xc3\xa9", "b", "B"}, {0, 1, 2}, {}, {1, 1, 1});
  EXPECT_THAT(set.feature_types[0].categories, ElementsAre("B", "b", "\xc3\xa9"));
  EXPECT_THAT(set.features, ElementsAre(2, 1, 0));
}

TEST(CategoriesOrderTest, OtherFeaturesStay) {
  TrainingSet set{.n_rows = 2,
                  .feature_types = {{.name = "a"}, {.name = "b", .categories = {"x", "y"}}, {.name = "c"}},
                  .features = {7, 0, 8, 9, 1, NAN},
                  .target_name = "y",
                  .classes = {},
                  .targets = {2, 1}};
  order_categories(set);
  EXPECT_THAT(set.features, ElementsAre(7, 1, 8, 9, 0, IsNan()));
}

}  // namespace
}  // namespace wasm_ml
