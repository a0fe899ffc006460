#include "cli/invoke.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace gpu_host::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::vector<Value> kOneOfEach{std::int32_t{0}, std::int64_t{0}, 0.0F, 0.0};

std::string wrong(const std::vector<Value>& parameters, const std::vector<std::string>& texts) {
  const auto values = parse_arguments(parameters, texts);
  return values ? "nothing wrong" : values.error();
}

TEST(Invoke, ArgumentsHaveTheParametersTypes) {
  const std::vector<std::string> texts{"-7", "9223372036854775807", "1.5", "-1e300"};
  const std::vector<Value> expected{std::int32_t{-7}, std::int64_t{INT64_MAX}, 1.5F, -1e300};
  EXPECT_EQ(parse_arguments(kOneOfEach, texts), expected);
  EXPECT_EQ(parse_arguments({}, {}), std::vector<Value>());
}

TEST(Invoke, IntegersMayBeUnsigned) {
  const std::vector<std::string> texts{"4294967295", "18446744073709551615", "inf", "-inf"};
  const std::vector<Value> expected{std::int32_t{-1}, std::int64_t{-1}, std::numeric_limits<float>::infinity(),
                                    -std::numeric_limits<double>::infinity()};
  EXPECT_EQ(parse_arguments(kOneOfEach, texts), expected);
}

TEST(Invoke, AWrongNumberTellsTheTypes) {
  EXPECT_THAT(wrong(kOneOfEach, {"1"}), AllOf(HasSubstr("i32, i64, f32, f64"), HasSubstr("1 given")));
  EXPECT_THAT(wrong({}, {"1"}), HasSubstr("none"));
}

TEST(Invoke, AWrongArgumentIsNamed) {
  EXPECT_THAT(wrong(kOneOfEach, {"1", "2", "three", "4"}),
              AllOf(HasSubstr("argument 3"), HasSubstr("'three'"), HasSubstr("f32")));
  for (const char* text : {"", "x", "1.5", " 1", "1 ", "0x1", "4294967296", "-2147483649"}) {
    EXPECT_THAT(wrong({std::int32_t{0}}, {text}), HasSubstr("i32")) << text;
  }
  for (const char* text : {"", "x", "1,5", "1e39", "1f"}) {
    EXPECT_THAT(wrong({0.0F}, {text}), HasSubstr("f32")) << text;
  }
}

TEST(Invoke, ResultsAreShortestText) {
  EXPECT_EQ(to_text(std::int32_t{-1}), "-1");
  EXPECT_EQ(to_text(std::int64_t{INT64_MIN}), "-9223372036854775808");
  EXPECT_EQ(to_text(0.1F), "0.1");
  EXPECT_EQ(to_text(0.1), "0.1");
  EXPECT_EQ(to_text(1.0 / 3), "0.3333333333333333");
  EXPECT_EQ(to_text(std::numeric_limits<double>::infinity()), "inf");
}

}  // namespace
}  // namespace gpu_host::cli
