#include "wasi_gpu/default_limits.hpp"

#include <gtest/gtest.h>

namespace gpu_host {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30U;

TEST(DefaultLimits, TogetherAreWhatThereIs) {
  const DeviceInfo processor{.name = "a processor",
                             .backend = "cpu",
                             .total_memory = 2000 * kGiB,
                             .is_hardware = false,
                             .compute_capability = {}};
  for (const std::uint64_t available : {std::uint64_t{1}, kGiB, 16 * kGiB, 1000 * kGiB}) {
    // The guest's memory counts twice: its objects may take as much again.
    EXPECT_LE(default_gpu_memory(processor, available) + 2 * default_guest_memory(available), available);
    EXPECT_LE(default_guest_memory(available), 4 * kGiB);
  }
  EXPECT_EQ(default_gpu_memory(processor, 16 * kGiB), 12 * kGiB);
  EXPECT_EQ(default_guest_memory(16 * kGiB), 2 * kGiB);
}

TEST(DefaultLimits, AreOfAGpusOwnMemory) {
  DeviceInfo gpu{
      .name = "a GPU", .backend = "cuda", .total_memory = 80 * kGiB, .is_hardware = true, .compute_capability = "9.0"};
  EXPECT_EQ(default_gpu_memory(gpu, 16 * kGiB), 60 * kGiB);
  gpu.total_memory = 0;  // it does not tell
  EXPECT_EQ(default_gpu_memory(gpu, 16 * kGiB), 12 * kGiB);
}

}  // namespace
}  // namespace gpu_host
