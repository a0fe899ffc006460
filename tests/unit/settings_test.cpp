#include "cli/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/cli.hpp"

namespace gpu_host::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::optional<PrintAndExit> apply(Settings& settings, std::string_view flag, const std::string& value) {
  const auto groups = all_groups(settings);
  return std::ranges::find(groups, flag, &OptionGroup::flag)->apply({value});
}

Settings with(std::string_view flag, const std::string& value) {
  Settings settings;
  if (const auto printed = apply(settings, flag, value)) ADD_FAILURE() << printed->text;
  return settings;
}

TEST(Settings, OfTheModule) {
  const Settings none;
  EXPECT_FALSE(none.host.fuel);
  EXPECT_FALSE(none.host.interruptible);
  const auto fuel = with("-W", "fuel=10");
  EXPECT_TRUE(fuel.host.fuel);
  EXPECT_EQ(fuel.instance.limits.fuel, 10U);
  EXPECT_FALSE(fuel.host.interruptible);
  const auto timeout = with("-W", "timeout=250ms");
  EXPECT_TRUE(timeout.host.interruptible);
  EXPECT_EQ(timeout.instance.limits.timeout, 250ms);
  EXPECT_EQ(with("-W", "max-memory-size=1M").instance.limits.guest_memory, 1U << 20);
  EXPECT_EQ(with("-W", "max-wasm-stack=64K").host.max_wasm_stack, 64U << 10);
}

TEST(Settings, OfUnknownImportsTheLastCounts) {
  const auto kind = [](const std::string& value) { return with("-W", value).instance.unknown_imports; };
  EXPECT_EQ(kind("unknown-imports-trap"), UnknownImports::trap);
  EXPECT_EQ(kind("unknown-imports-default"), UnknownImports::default_value);
  EXPECT_EQ(kind("unknown-imports-trap=n"), UnknownImports::refuse);
  EXPECT_EQ(kind("unknown-imports-trap,unknown-imports-default"), UnknownImports::default_value);
  EXPECT_EQ(kind("unknown-imports-trap,unknown-imports-trap=n"), UnknownImports::refuse);
  EXPECT_EQ(kind("unknown-imports-trap,unknown-imports-default=n"), UnknownImports::trap);
}

TEST(Settings, OfTheCompiler) {
  EXPECT_EQ(with("-O", "opt-level=0").host.optimization, Optimization::none);
  EXPECT_EQ(with("-O", "opt-level=1").host.optimization, Optimization::speed);
  EXPECT_EQ(with("-O", "opt-level=2").host.optimization, Optimization::speed);
  EXPECT_EQ(with("-O", "opt-level=s").host.optimization, Optimization::speed_and_size);
  EXPECT_FALSE(with("-O", "parallel=n").host.parallel_compilation);
  EXPECT_TRUE(with("-O", "parallel").host.parallel_compilation);
}

TEST(Settings, OfTheCacheSayWhetherItIsRequired) {
  const auto expect = [](const EngineSettings& engine, bool cache, bool required, const std::string& config) {
    EXPECT_EQ(engine.options.cache, cache);
    EXPECT_EQ(engine.cache_required, required);
    EXPECT_EQ(engine.options.cache_config, config);
  };
  expect(Settings().engine(), true, false, "");
  expect(with("-C", "cache").engine(), true, true, "");
  expect(with("-C", "cache=n").engine(), false, false, "");
  expect(with("-C", "cache-config=a.toml").engine(), true, true, "a.toml");
  expect(with("-C", "cache-config=a.toml,cache=n").engine(), false, false, "");
}

TEST(Settings, OfWasi) {
  EXPECT_TRUE(with("-S", "inherit-env").inherit_env);
  EXPECT_FALSE(with("-S", "inherit-env,inherit-env=n").inherit_env);
  EXPECT_TRUE(with("-S", "cwd=y").working_folder);
}

TEST(Settings, OfTheGpu) {
  EXPECT_EQ(with("-G", "max-memory=2G").instance.limits.gpu_memory, 2ULL << 30);
  EXPECT_EQ(with("-G", "max-buffers=7").instance.limits.gpu_buffers, 7U);
  const auto timeout = with("-G", "timeout=1.5");
  EXPECT_EQ(timeout.instance.limits.gpu_time, 1500ms);
  EXPECT_FALSE(timeout.host.interruptible);
  EXPECT_EQ(with("-G", "precision=fp32").instance.matmul_precision, MatmulPrecision::fp32);
  EXPECT_EQ(with("-G", "precision=fp32,precision=tf32").instance.matmul_precision, MatmulPrecision::tf32);
  EXPECT_EQ(with("-G", "threads=3").instance.cpu_threads, 3U);
  EXPECT_EQ(with("-G", "abi=legacy").instance.gpu_abi, GpuAbi::legacy);
}

TEST(Settings, EachGroupHasHelp) {
  Settings settings;
  for (const OptionGroup& group : all_groups(settings)) {
    const auto printed = group.apply({"help"});
    ASSERT_TRUE(printed);
    EXPECT_EQ(printed->exit_code, kSuccess);
    for (const GroupOption& option : group.options) EXPECT_THAT(printed->text, HasSubstr(option.key));
  }
}

// A key, what it takes and what not.
struct Key {
  const char* flag;
  const char* name;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

std::ostream& operator<<(std::ostream& stream, const Key& key) { return stream << key.flag << ' ' << key.name; }

class EveryKey : public testing::TestWithParam<Key> {};

TEST_P(EveryKey, TakesWhatItMayAndNothingElse) {
  const Key& key = GetParam();
  for (const std::string& value : key.good) with(key.flag, std::string(key.name) + "=" + value);
  auto bad = key.bad;
  bad.insert(bad.end(), {"-1", "1e999", "garbage", "99999999999999999999999999999999", "\xff"});
  for (const std::string& value : bad) {
    Settings settings;
    const auto printed = apply(settings, key.flag, std::string(key.name) + "=" + value);
    ASSERT_TRUE(printed) << value;
    EXPECT_EQ(printed->exit_code, kUsageError);
    EXPECT_THAT(printed->text, testing::AllOf(HasSubstr(key.name), HasSubstr("'" + value + "'")));
  }
}

const std::string kMax32 = "4294967295";
const std::string kBeyond32 = "4294967296";
const std::string kMax64 = "18446744073709551615";
const std::string kBeyond64 = "18446744073709551616";

INSTANTIATE_TEST_SUITE_P(
    Settings, EveryKey,
    testing::Values(Key{"-W", "fuel", {"0", "1", kMax64}, {"", kBeyond64, "1K"}},
                    Key{"-W", "timeout", {"0", "1", "9223372036"}, {"", "9223372037"}},
                    Key{"-W", "max-memory-size", {"0", "1", kMax64}, {"", kBeyond64}},
                    Key{"-W", "max-wasm-stack", {"16K", "16384", "1G"}, {"", "0", "1", "16383", "1073741825", kMax64}},
                    Key{"-W", "unknown-imports-trap", {"", "y", "n"}, {"0", "1"}},
                    Key{"-W", "unknown-imports-default", {"", "y", "n"}, {"0", "1"}},
                    Key{"-O", "opt-level", {"0", "1", "2", "s"}, {"", "3", "S", "z"}},
                    Key{"-O", "parallel", {"", "y", "n"}, {"0", "1"}}, Key{"-C", "cache", {"", "y", "n"}, {"0", "1"}},
                    Key{"-S", "inherit-env", {"", "y", "n"}, {"0", "1"}}, Key{"-S", "cwd", {"", "y", "n"}, {"0", "1"}},
                    Key{"-G", "max-memory", {"0", "1", kMax64}, {"", kBeyond64}},
                    Key{"-G", "max-buffers", {"0", "1", kMax32}, {"", kBeyond32, "1K"}},
                    Key{"-G", "timeout", {"0", "1", "9223372036"}, {"", "9223372037"}},
                    Key{"-G", "precision", {"tf32", "fp32"}, {"", "0", "1", "fp64"}},
                    Key{"-G", "threads", {"1", kMax32}, {"", "0", kBeyond32}},
                    Key{"-G", "abi", {"canonical", "legacy"}, {"", "0", "1", "modern"}}));

TEST(Settings, ACacheConfigurationHasAName) {
  Settings settings;
  EXPECT_THAT(apply(settings, "-C", "cache-config=")->text, HasSubstr("cache-config=PATH"));
}

}  // namespace
}  // namespace gpu_host::cli
