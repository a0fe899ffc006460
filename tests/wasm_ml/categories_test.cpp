#include "categories.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace wasm_ml {
namespace {

TEST(CategoriesTest, TextsAreNumberedAsTheyCome) {
  Categories categories;
  EXPECT_EQ(categories.add("b"), 0U);
  EXPECT_EQ(categories.add("a"), 1U);
  EXPECT_EQ(categories.add("b"), 0U);
  EXPECT_EQ(categories.add(""), 2U);
  EXPECT_EQ(categories.add(std::string_view("\0", 1)), 3U);
  EXPECT_EQ(categories.find("a"), 1U);
  EXPECT_EQ(categories.find("c"), std::nullopt);
  EXPECT_THAT(categories.texts(), testing::ElementsAre("b", "a", "", std::string("\0", 1)));
}

TEST(CategoriesTest, OfAListTheFirstOfEqualTextsCounts) {
  const Categories categories({"x", "y", "x"});
  EXPECT_EQ(categories.find("x"), 0U);
  EXPECT_EQ(categories.size(), 2U);
}

TEST(CategoriesTest, ManyTexts) {
  constexpr std::uint32_t kTexts = 100000;
  std::vector<std::string> texts;
  for (std::uint32_t i = 0; i < kTexts; ++i) texts.push_back("id " + std::to_string(i * 7919));
  Categories categories;
  for (std::uint32_t i = 0; i < kTexts; ++i) ASSERT_EQ(categories.add(texts[i]), i);
  EXPECT_EQ(categories.texts(), texts);
  for (std::uint32_t i = 0; i < kTexts; ++i) ASSERT_EQ(categories.find(texts[i]), i);
  EXPECT_EQ(categories.find("id 1"), std::nullopt);
}

}  // namespace
}  // namespace wasm_ml
