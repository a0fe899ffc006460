#include "gpu_host/stats.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace gpu_host {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr steady_clock::time_point kStart{std::chrono::seconds(5)};

HostCall call(std::string_view function, std::int64_t nanoseconds_taken, bool failed = false) {
  return {"wasi:gpu/compute@0.1.0", function, kStart, kStart + nanoseconds(nanoseconds_taken), failed};
}

DeviceWork work(std::string_view operation, std::int64_t nanoseconds_taken, std::uint64_t bytes,
                std::string_view device = "a device") {
  return {"cpu", device, operation, kStart, kStart + nanoseconds(nanoseconds_taken), bytes};
}

TEST(Stats, IsEmptyAtFirst) { EXPECT_TRUE(Stats().functions().empty()); }

TEST(Stats, SumsPerFunction) {
  Stats stats;
  stats.on_device_work(work("buffer-write", 30, 64));
  stats.on_host_call(call("buffer-write", 50));
  stats.on_host_call(call("sync", 7));
  stats.on_device_work(work("buffer-write", 3, 0));
  stats.on_host_call(call("buffer-write", 5, true));

  const auto functions = stats.functions();
  ASSERT_EQ(functions.size(), 2u);
  const FunctionStats& write = functions[0];
  EXPECT_EQ(write.interface, "wasi:gpu/compute@0.1.0");
  EXPECT_EQ(write.function, "buffer-write");
  EXPECT_EQ(write.calls, 2u);
  EXPECT_EQ(write.failures, 1u);
  EXPECT_EQ(write.bytes, 64u);
  EXPECT_EQ(write.time, nanoseconds(55));
  EXPECT_EQ(write.device_time, nanoseconds(33));
  EXPECT_EQ(write.device, "cpu: a device");

  const FunctionStats& sync = functions[1];
  EXPECT_EQ(sync.function, "sync");
  EXPECT_EQ(sync.calls, 1u);
  EXPECT_EQ(sync.failures, 0u);
  EXPECT_EQ(sync.bytes, 0u);
  EXPECT_EQ(sync.device_time, nanoseconds(0));
  EXPECT_EQ(sync.device, "");
}

TEST(Stats, KeepsNoViews) {
  Stats stats;
  {
    std::string name = "buffer-write";
    std::string device = "a device with a long name";
    stats.on_device_work(work(name, 1, 1, device));
    stats.on_host_call(call(name, 1));
    name.assign(name.size(), '?');
    device.assign(device.size(), '?');
  }
  EXPECT_EQ(stats.functions()[0].function, "buffer-write");
  EXPECT_EQ(stats.functions()[0].device, "cpu: a device with a long name");
}

TEST(Stats, WorkOfAnEmbedderIsNoCall) {
  Stats stats;
  stats.on_device_work(work("buffer-read", 3, 8));
  ASSERT_EQ(stats.functions().size(), 1u);
  EXPECT_EQ(stats.functions()[0].calls, 0u);
  EXPECT_EQ(stats.functions()[0].bytes, 8u);
  EXPECT_EQ(stats.functions()[0].interface, "");
}

TEST(Stats, TakesManyThreadsAtATime) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kCalls = 1000;
  Stats stats;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&stats, thread] {
        const std::string own = "own-" + std::to_string(thread);
        for (std::uint64_t i = 0; i < kCalls; ++i) {
          stats.on_device_work(work("shared", 2, 3));
          stats.on_host_call(call("shared", 5));
          stats.on_host_call(call(own, 1));
          EXPECT_FALSE(stats.functions().empty());
        }
      });
    }
  }
  const auto functions = stats.functions();
  ASSERT_EQ(functions.size(), 1 + kThreads);
  for (const FunctionStats& function : functions) {
    const bool is_shared = function.function == "shared";
    EXPECT_EQ(function.calls, is_shared ? kThreads * kCalls : kCalls) << function.function;
    EXPECT_EQ(function.bytes, is_shared ? 3 * kThreads * kCalls : 0) << function.function;
  }
}

}  // namespace
}  // namespace gpu_host
