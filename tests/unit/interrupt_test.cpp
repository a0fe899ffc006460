#include "backend/interrupt.hpp"

#include <gtest/gtest.h>

namespace gpu_host {
namespace {

TEST(Interrupt, KeepsTheFirstReason) {
  Interrupt interrupt;
  EXPECT_FALSE(interrupt.requested());
  interrupt.request(InterruptReason::timeout);
  interrupt.request(InterruptReason::embedder);
  EXPECT_TRUE(interrupt.requested());
  EXPECT_EQ(interrupt.reason(), InterruptReason::timeout);
}

TEST(Interrupt, IsRequestedByADeadlineThatHasPassed) {
  Interrupt interrupt;
  interrupt.set_deadline(Interrupt::Clock::now() + std::chrono::hours(1));
  EXPECT_FALSE(interrupt.requested());
  interrupt.set_deadline(Interrupt::Clock::now());
  EXPECT_TRUE(interrupt.requested());
  EXPECT_EQ(interrupt.reason(), InterruptReason::gpu_time);
  interrupt.clear_deadline();
  EXPECT_TRUE(interrupt.requested());  // it is never taken back
}

TEST(Interrupt, ForgetsADeadlineThatWasCleared) {
  Interrupt interrupt;
  interrupt.set_deadline(Interrupt::Clock::now());
  interrupt.clear_deadline();
  EXPECT_FALSE(interrupt.requested());
}

}  // namespace
}  // namespace gpu_host
