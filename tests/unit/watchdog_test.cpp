#include "util/watchdog.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace gpu_host {
namespace {

TEST(Watchdog, CallsOnceTheTimeHasPassed) {
  std::promise<void> expired;
  Watchdog watchdog(std::chrono::milliseconds(1), [&] { expired.set_value(); });
  expired.get_future().wait();
}

TEST(Watchdog, IsSilentWhenItIsDestroyedBefore) {
  std::atomic<bool> expired = false;
  {
    Watchdog watchdog(std::chrono::hours(1), [&] { expired = true; });
  }
  EXPECT_FALSE(expired);
}

TEST(Watchdog, TakesTheLongestTimeThereIs) {
  std::atomic<bool> expired = false;
  {
    Watchdog watchdog(std::chrono::nanoseconds::max(), [&] { expired = true; });
  }
  EXPECT_FALSE(expired);
}

}  // namespace
}  // namespace gpu_host
