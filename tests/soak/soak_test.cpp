// Thousands of short instances leave nothing behind.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "common/backends.hpp"
#include "common/require_backend.hpp"
#include "soak/many_guests.hpp"

namespace gpu_host::soak {
namespace {

struct Footprint {
  std::ptrdiff_t resident;  // bytes
  std::ptrdiff_t files;
  std::ptrdiff_t threads;
  std::ptrdiff_t maps;
};

std::ptrdiff_t entries(const char* folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

std::ptrdiff_t lines(const char* path) {
  std::ifstream file(path);
  std::ptrdiff_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

Footprint footprint() {
  std::ptrdiff_t size = 0;
  std::ptrdiff_t resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return {resident * sysconf(_SC_PAGESIZE), entries("/proc/self/fd"), entries("/proc/self/task"),
          lines("/proc/self/maps")};
}

// A thread that was joined can still be listed for a moment.
Footprint settled_footprint(std::ptrdiff_t threads) {
  for (int i = 0; i < 500 && footprint().threads > threads; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return footprint();
}

void run_many(const Module& module, std::uint32_t count, const std::string& backend = "cpu") {
  for (std::uint32_t i = 0; i < count && !testing::Test::HasFailure(); ++i) {
    run_one(module, static_cast<End>(i % kEnds), i % 97 == 0 ? 1U << 18U : 256, i % 1000, backend);
  }
}

TEST(Soak, ManyInstancesLeaveNothingBehind) {
  const Module module = load_guest(interruptible_host());
  run_many(module, WGH_SOAK_INSTANCES / 10);  // caches, arenas and thread pools are filled by then
  const Footprint before = footprint();
  run_many(module, WGH_SOAK_INSTANCES);
  const Footprint after = settled_footprint(before.threads);
  EXPECT_LT(after.resident - before.resident, WGH_SOAK_GROWTH);
  EXPECT_LE(after.files, before.files);
  EXPECT_LE(after.threads, before.threads);
  EXPECT_LE(after.maps, before.maps + 32);
}

// Where an instance ends before threads that it woke get to run.
TEST(Soak, ManyInstancesOnABusyMachineLeaveNothingBehind) {
  const Module module = load_guest(interruptible_host());
  std::vector<std::jthread> busy;
  for (unsigned i = 0; i < 2 * std::max(1U, std::thread::hardware_concurrency()); ++i) {
    busy.emplace_back([](const std::stop_token& stop) {
      while (!stop.stop_requested()) continue;
    });
  }
  const auto run_kernels = [&](std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) run_one(module, End::meets_the_gpu_time, 256, i);
  };
  run_kernels(50);
  const Footprint before = footprint();
  run_kernels(WGH_SOAK_INSTANCES / 20);
  const Footprint after = footprint();
  EXPECT_LT(after.resident - before.resident, WGH_SOAK_GROWTH / 4);
  EXPECT_LE(after.maps, before.maps + 32);
}

// On a device, whose driver and library keep things of their own as well.
TEST(Soak, ManyInstancesOfADeviceLeaveNothingBehind) {
  const auto& [device, reason] = test::usable_device("webgpu");
  if (device == nullptr) return test::skip_without("webgpu", reason);
  const Module module = load_guest(interruptible_host());
  run_many(module, 200, "webgpu");
  const Footprint before = footprint();
  run_many(module, 400, "webgpu");
  const Footprint after = settled_footprint(before.threads);
  EXPECT_LT(after.resident - before.resident, 4 * WGH_SOAK_GROWTH);
  EXPECT_LE(after.files, before.files);
  EXPECT_LE(after.threads, before.threads);
  EXPECT_LE(after.maps, before.maps + 64);
}

// Engines and machine code go too.
TEST(Soak, ManyHostsLeaveNothingBehind) {
  const auto run_hosts = [](std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) run_many(load_guest(interruptible_host()), 3);
  };
  run_hosts(WGH_SOAK_INSTANCES / 200);
  const Footprint before = footprint();
  run_hosts(WGH_SOAK_INSTANCES / 50);
  const Footprint after = settled_footprint(before.threads);
  EXPECT_LT(after.resident - before.resident, WGH_SOAK_GROWTH);
  EXPECT_LE(after.files, before.files);
  EXPECT_LE(after.threads, before.threads);
  EXPECT_LE(after.maps, before.maps + 64);
}

}  // namespace
}  // namespace gpu_host::soak
