// Every key of every group with every sort of value: an error or a clean end, never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

struct Key {
  const char* group;
  const char* name;
  // Beside 0 and 1: as large as may be, and the next.
  std::vector<std::string> edges;
};

std::ostream& operator<<(std::ostream& stream, const Key& key) { return stream << key.group << ' ' << key.name; }

// The modules need a page of memory, so that they cannot be instantiated with less.
bool too_small(const Key& key, std::string_view value) {
  return key.name == std::string_view("max-memory-size") && (value == "0" || value == "1");
}

class EveryKey : public testing::TestWithParam<Key> {};

TEST_P(EveryKey, EndsCleanlyWithEveryValue) {
  const Key& key = GetParam();
  const TempFolder folder;
  const std::string hello = folder.add("hello.wat", kHelloWat);
  const std::string buffers = folder.add("buffers.wat", kBuffersWat);
  std::vector<std::string> values = key.edges;
  values.insert(values.end(), {"0", "1", "garbage", "", "-1", "1e999", "99999999999999999999999999999999"});
  for (const std::string& value : values) {
    const std::string given = std::string(key.name) + "=" + value;
    const Outcome ran = run_program({key.group, given, hello});
    const Outcome gpu = run_program({key.group, given, buffers});
    if (too_small(key, value)) {
      EXPECT_EQ(ran.exit_code, kTrap) << given << "\n" << ran;
      EXPECT_EQ(gpu.exit_code, kTrap) << given << "\n" << gpu;
      continue;
    }
    EXPECT_THAT(ran.exit_code, AnyOf(0, kUsageError, kTrap)) << given << "\n" << ran;
    EXPECT_EQ(ran.out, ran.exit_code == 0 ? "hello\n" : "") << ran;
    EXPECT_THAT(ran.err, HasSubstr(ran.exit_code == kUsageError ? key.name : "")) << ran;
    EXPECT_THAT(gpu.exit_code, AnyOf(2, 12, 112, kTrap)) << given << "\n" << gpu;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Options, EveryKey,
    testing::Values(Key{"-W", "fuel", {"18446744073709551615", "18446744073709551616"}},
                    Key{"-W", "timeout", {"9223372036", "9223372037", "2562047h", "1ns"}},
                    Key{"-W", "max-memory-size", {"18446744073709551615", "18446744073709551616", "64K", "4G"}},
                    Key{"-W", "max-wasm-stack", {"16383", "16K", "512K", "2M", "2097153", "1G", "1073741825"}},
                    Key{"-W", "unknown-imports-trap", {"y", "n"}}, Key{"-W", "unknown-imports-default", {"y", "n"}},
                    Key{"-O", "opt-level", {"2", "s", "3"}}, Key{"-O", "parallel", {"y", "n"}},
                    Key{"-C", "cache", {"y", "n"}}, Key{"-S", "inherit-env", {"y", "n"}}, Key{"-S", "cwd", {"y", "n"}},
                    Key{"-G", "max-memory", {"18446744073709551615", "18446744073709551616", "17179869183G"}},
                    Key{"-G", "max-buffers", {"4294967295", "4294967296"}},
                    Key{"-G", "timeout", {"9223372036", "9223372037", "1ns"}}, Key{"-G", "precision", {"tf32", "fp32"}},
                    Key{"-G", "threads", {"2", "4294967295", "4294967296", "2147483648"}},
                    Key{"-G", "abi", {"canonical", "legacy"}}));

TEST(Options, EachGroupPrintsItsKeys) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> groups{
      {"-W", {"fuel=N", "timeout=TIME", "max-memory-size=SIZE", "max-wasm-stack=SIZE", "unknown-imports-trap"}},
      {"-O", {"opt-level", "parallel"}},
      {"-C", {"cache[=y|n]", "cache-config=PATH"}},
      {"-S", {"inherit-env", "cwd"}},
      {"-G", {"max-memory=SIZE", "max-buffers=N", "timeout=TIME", "precision", "threads=N", "abi"}}};
  for (const auto& [group, keys] : groups) {
    const Outcome outcome = run_program({group, "help"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(outcome.err, "");
    for (const std::string& key : keys) EXPECT_THAT(outcome.out, HasSubstr(key));
  }
}

}  // namespace
}  // namespace gpu_host::e2e
