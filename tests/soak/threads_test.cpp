// Many instances on many threads: nobody sees or ends another.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/backends.hpp"
#include "common/require_backend.hpp"
#include "soak/many_guests.hpp"

namespace gpu_host::soak {
namespace {

constexpr std::uint32_t kThreads = 8;
constexpr std::uint32_t kRounds = 20;

template <class Work>
void on_many_threads(const Work& work) {
  std::vector<std::jthread> threads;
  for (std::uint32_t t = 0; t < kThreads; ++t) threads.emplace_back([&work, t] { work(t); });
}

class ThreadsOnBackend : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto& [device, reason] = test::usable_device(GetParam());
    if (device == nullptr) test::skip_without(GetParam(), reason);
  }
};

TEST_P(ThreadsOnBackend, ShareAHostAndItsModules) {
  const Host host = interruptible_host();
  const std::array modules{load_guest(host), load_guest(host)};
  on_many_threads([&](std::uint32_t t) {
    for (std::uint32_t i = 0; i < kRounds; ++i) {
      // Each thread with another way to end, so that timeouts meet what has none.
      run_one(modules[i % 2], static_cast<End>((t + i) % kEnds), 1000 + 10 * t, t * kRounds + i, GetParam());
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Backends, ThreadsOnBackend, testing::ValuesIn(test::backend_names()), test::backend_test_name);

// The large ones work on TBB's threads, which all instances share.
TEST(Threads, ShareTheThreadsOfLargeKernels) {
  const Module module = load_guest(interruptible_host());
  on_many_threads([&](std::uint32_t t) {
    for (std::uint32_t i = 0; i < 4; ++i) {
      run_one(module, i % 2 == 0 ? End::returns : End::is_interrupted, (1U << 18U) - t, t + 1);
    }
  });
}

TEST(Threads, CompileOnOneHost) {
  const Host host = interruptible_host();
  on_many_threads([&](std::uint32_t t) {
    const Module module = load_guest(host);
    run_one(module, static_cast<End>(t % kEnds), 100, t);
  });
}

TEST(Threads, HaveHostsOfTheirOwn) {
  on_many_threads([](std::uint32_t t) {
    // The module keeps what it needs of its host.
    std::optional<Host> host(interruptible_host());
    const Module module = load_guest(*host);
    host.reset();
    for (std::uint32_t i = 0; i < kEnds; ++i) run_one(module, static_cast<End>((t + i) % kEnds), 100, t);
    EXPECT_FALSE(list_devices().empty());
  });
}

// An instance is for one thread at a time, and interrupt() for all.
TEST(Threads, MayAllInterruptOne) {
  const Module module = load_guest(interruptible_host());
  for (std::uint32_t i = 0; i < kRounds; ++i) {
    auto instance = Instance::create(module, {.inherit_stdio = false, .device = {.backend = "cpu"}});
    ASSERT_TRUE(instance);
    {
      std::jthread guest([&] {
        const auto ended = instance->call(i % 2 == 0 ? "spin" : "spin_in_kernels");
        EXPECT_EQ(ended.error().kind, ErrorKind::limit) << ended.error().message;
      });
      on_many_threads([&](std::uint32_t) { instance->interrupt(); });
    }
    EXPECT_EQ(instance->call("trap").error().kind, ErrorKind::invalid_argument);
  }
}

// Made on one thread, run on the next, ended on a third.
TEST(Threads, HandInstancesOn) {
  const Module module = load_guest(interruptible_host());
  std::optional<Result<Instance>> instance;
  std::jthread([&] { instance.emplace(Instance::create(module, {.inherit_stdio = false})); }).join();
  ASSERT_TRUE(*instance);
  for (std::int32_t i = 1; i < 4; ++i) {
    std::jthread([&] { EXPECT_TRUE((*instance)->call("work", std::array<Value, 2>{256, i})); }).join();
  }
  std::jthread([&] { instance.reset(); }).join();
}

}  // namespace
}  // namespace gpu_host::soak
