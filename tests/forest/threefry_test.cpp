#include "forest/threefry.hpp"

#include <gtest/gtest.h>

namespace gpu_host::forest {
namespace {

// The known answers of Random123 for Threefry-2x32 with 13 rounds.
TEST(Threefry, GivesTheKnownAnswers) {
  const auto expect = [](Key key, std::uint32_t a, std::uint32_t b, Key answer) {
    const Key words = threefry(key, a, b);
    EXPECT_EQ(words.low, answer.low);
    EXPECT_EQ(words.high, answer.high);
  };
  expect({0, 0}, 0, 0, {0x9d1c5ec6, 0x8bd50731});
  expect({~0U, ~0U}, ~0U, ~0U, {0xfd36d048, 0x2d17272c});
  expect({0x13198a2e, 0x03707344}, 0x243f6a88, 0x85a308d3, {0xba3e4725, 0xf27d669e});
}

TEST(Threefry, WordsComeInPairs) {
  Words words({1, 2});
  const Key first = threefry({1, 2}, 0, Purpose::words);
  const Key second = threefry({1, 2}, 1, Purpose::words);
  for (const std::uint32_t word : {first.low, first.high, second.low, second.high}) EXPECT_EQ(words.next(), word);
}

TEST(Threefry, BelowIsBelow) {
  EXPECT_EQ(below(7, 0), 0U);
  EXPECT_EQ(below(7, ~0U), 6U);
  EXPECT_EQ(below(~0U, ~0U), ~0U - 1);
  EXPECT_EQ(below(1, 12345), 0U);
}

}  // namespace
}  // namespace gpu_host::forest
