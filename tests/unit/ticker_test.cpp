#include "util/ticker.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace gpu_host {
namespace {

TEST(Ticker, TicksUntilItIsDestroyed) {
  std::atomic<int> ticks = 0;
  {
    const Ticker ticker(std::chrono::microseconds(100), [&] {
      ++ticks;
      ticks.notify_one();
    });
    for (int seen = 0; seen < 3; seen = ticks.load()) ticks.wait(seen);
  }
  const int at_the_end = ticks;
  EXPECT_GE(at_the_end, 3);
  EXPECT_EQ(ticks, at_the_end);
}

TEST(Ticker, StopsWithoutWaitingForTheInterval) {
  const Ticker ticker(std::chrono::hours(1), [] { FAIL(); });
}

}  // namespace
}  // namespace gpu_host
