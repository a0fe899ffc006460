#include "cli/number.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace gpu_host::cli {
namespace {

TEST(Number, TakesWhatTheTypeHolds) {
  EXPECT_EQ(parse_number<std::uint32_t>("0"), 0U);
  EXPECT_EQ(parse_number<std::uint32_t>("4294967295"), 4294967295U);
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_number<std::int32_t>("-2147483648"), INT32_MIN);
}

TEST(Number, RefusesEverythingElse) {
  for (const char* text :
       {"", "-1", "-0", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "ten", "4294967296", "99999999999999999999999999"}) {
    EXPECT_EQ(parse_number<std::uint32_t>(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace gpu_host::cli
