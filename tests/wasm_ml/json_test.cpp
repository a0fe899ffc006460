#include "json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace wasm_ml {
namespace {

TEST(JsonTest, Texts) {
  EXPECT_EQ(json_text(""), R"("")");
  EXPECT_EQ(json_text("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(json_text("\n\t\x1f\x7f"), "\"\\u000a\\u0009\\u001f\x7f\"");
  EXPECT_EQ(json_text(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(json_text("Größe 価格"), "\"Größe 価格\"");
}

// What is not UTF-8 would make the whole line something that programs refuse.
TEST(JsonTest, BytesThatAreNoUtf8AreReplaced) {
  const std::string replacement = "\xef\xbf\xbd";
  EXPECT_EQ(json_text("a\xff"
                      "b"),
            "\"a" + replacement + "b\"");
  EXPECT_EQ(json_text("\x80"), "\"" + replacement + "\"");
  EXPECT_EQ(json_text("\xc3"), "\"" + replacement + "\"");                                      // cut off
  EXPECT_EQ(json_text("\xe4x"), "\"" + replacement + "x\"");                                    // cut off by another
  EXPECT_EQ(json_text("\xc0\xaf"), "\"" + replacement + replacement + "\"");                    // longer than needed
  EXPECT_EQ(json_text("\xed\xa0\x80"), "\"" + replacement + replacement + replacement + "\"");  // half of a pair
  EXPECT_EQ(json_text("\xf4\x90\x80\x80").find('\xf4'), std::string::npos);                     // above U+10FFFF
  EXPECT_EQ(json_text("\xf0\x9f\x8c\xb3"), "\"\xf0\x9f\x8c\xb3\"");
}

TEST(JsonTest, Numbers) {
  EXPECT_EQ(json_number(0.25), "0.25");
  EXPECT_EQ(json_number(4294967295.0), "4294967295");
  EXPECT_EQ(json_number(-1e-300), "-1e-300");
  EXPECT_EQ(json_number(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(json_number(-std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonTest, Objects) {
  EXPECT_EQ(JsonObject().text(), "{}");
  JsonObject inner;
  inner.add("n", 1.0);
  JsonObject object;
  object.add("text", "x\"").add("number", 2.5).add("list", std::vector<std::string>{"a", "\\"});
  object.add("none", std::vector<std::string>()).add_raw("inner", inner.text());
  EXPECT_EQ(object.text(), R"({"text": "x\"", "number": 2.5, "list": ["a", "\\"], "none": [], "inner": {"n": 1}})");
}

}  // namespace
}  // namespace wasm_ml
