#include "cli/size.hpp"

#include <gtest/gtest.h>

namespace gpu_host::cli {
namespace {

TEST(Size, IsBytesOrPowersOf1024) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("65536"), 65536U);
  EXPECT_EQ(parse_size("1K"), 1024U);
  EXPECT_EQ(parse_size("64M"), 64U << 20);
  EXPECT_EQ(parse_size("3G"), 3ULL << 30);
  EXPECT_EQ(parse_size("0G"), 0U);
}

TEST(Size, ReachesWhat64BitsHold) {
  EXPECT_EQ(parse_size("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_size("17179869183G"), 17179869183ULL << 30);
  EXPECT_EQ(parse_size("18446744073709551616"), std::nullopt);
  EXPECT_EQ(parse_size("17179869184G"), std::nullopt);
  EXPECT_EQ(parse_size("18014398509481984K"), std::nullopt);
}

TEST(Size, RefusesEverythingElse) {
  for (const char* text :
       {"", "K", "-1", "-1K", "+1", "1.5G", "1 K", " 1", "1k", "1KB", "1T", "1KK", "1e3", "0x10", "much"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace gpu_host::cli
