#include "cli/profile.hpp"

#include <gtest/gtest.h>

namespace gpu_host::cli {
namespace {

using namespace std::chrono_literals;

TEST(Profile, OfTheMachineCode) {
  EXPECT_EQ(parse_profile("perfmap")->profiler, Profiler::perfmap);
  EXPECT_EQ(parse_profile("jitdump")->profiler, Profiler::jitdump);
  EXPECT_FALSE(parse_profile("perfmap")->guest);
}

TEST(Profile, OfTheGuest) {
  const auto plain = parse_profile("guest");
  EXPECT_EQ(plain->profiler, Profiler::none);
  EXPECT_EQ(plain->guest->path, "wasmtime-guest-profile.json");
  EXPECT_EQ(plain->guest->interval, 10ms);
  EXPECT_EQ(parse_profile("guest,a.json")->guest->path, "a.json");
  const auto whole = parse_profile("guest,dir/a.json,250us");
  EXPECT_EQ(whole->guest->path, "dir/a.json");
  EXPECT_EQ(whole->guest->interval, 250us);
  EXPECT_EQ(parse_profile("guest,a,1us")->guest->interval, 1us);
  EXPECT_EQ(parse_profile("guest,a,1h")->guest->interval, 1h);
}

TEST(Profile, RefusesEverythingElse) {
  for (const char* text : {"", "perf", "guest,", "guest,,1ms", "guest,a,", "guest,a,soon", "guest,a,0", "guest,a,1ns",
                           "guest,a,61m", "guest,a,-1ms", "guest,a,1ms,b", "perfmap,a", "guestx"}) {
    EXPECT_FALSE(parse_profile(text)) << text;
  }
}

}  // namespace
}  // namespace gpu_host::cli
