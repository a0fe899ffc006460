#include "wasi_gpu/default_limits.hpp"

#include <gtest/gtest.h>

namespace gpu_host {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;

TEST(DefaultLimits, TogetherAreWhatThereIs) {
  for (const std::uint64_t available : {std::uint64_t{1}, kGiB, 16 * kGiB, 1000 * kGiB}) {
    const Limits limits = with_defaults({}, available);
    // The guest's memory counts twice: its objects may take as much again.
    EXPECT_LE(*limits.gpu_memory + 2 * *limits.guest_memory, available);
    EXPECT_LE(*limits.guest_memory, 4 * kGiB);
  }
  EXPECT_EQ(with_defaults({}, 16 * kGiB).gpu_memory, 12 * kGiB);
  EXPECT_EQ(with_defaults({}, 16 * kGiB).guest_memory, 2 * kGiB);
}

TEST(DefaultLimits, LeaveWhatIsSet) {
  const Limits limits = with_defaults({.gpu_memory = 5, .guest_memory = 0}, kGiB);
  EXPECT_EQ(limits.gpu_memory, 5U);
  EXPECT_EQ(limits.guest_memory, 0U);
}

}  // namespace
}  // namespace gpu_host
