#include "cli/duration.hpp"

#include <gtest/gtest.h>

namespace gpu_host::cli {
namespace {

using namespace std::chrono_literals;

TEST(Duration, TakesUnits) {
  EXPECT_EQ(parse_duration("1s"), 1s);
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("10us"), 10us);
  EXPECT_EQ(parse_duration("5ns"), 5ns);
  EXPECT_EQ(parse_duration("1.5m"), 90s);
  EXPECT_EQ(parse_duration("2h"), 2h);
}

TEST(Duration, TakesABareNumberAsSeconds) {
  EXPECT_EQ(parse_duration("3"), 3s);
  EXPECT_EQ(parse_duration("0.25"), 250ms);
  EXPECT_EQ(parse_duration("0"), 0s);
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "s", "-1", "-0", "1x", "1 s", " 1", "1s ", "nan", "inf", "1e3", "0x10", "1,5", "1ss",
                           "9223372037", "999999999999999999999999h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, ReachesNearlyTheLongestThatIsHeld) { EXPECT_EQ(parse_duration("9223372036"), 9223372036s); }

}  // namespace
}  // namespace gpu_host::cli
