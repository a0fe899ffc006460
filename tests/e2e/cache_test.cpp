// -C
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Cache : public testing::Test {
 protected:
  Outcome hello(std::vector<std::string> options, const std::string& cache_home) const {
    options.push_back(module_);
    return run_program(options,
                       {.env = {{"XDG_CACHE_HOME", cache_home}, {"XDG_CONFIG_HOME", folder_.path().string()}}});
  }

  static std::size_t files_in(const fs::path& folder) {
    std::size_t count = 0;
    if (!fs::exists(folder)) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) count += entry.is_regular_file() ? 1 : 0;
    return count;
  }

  TempFolder folder_;
  std::string module_ = folder_.add("hello.wat", kHelloWat);
  std::string home_ = (folder_.path() / "home").string();
  std::string blocked_ = folder_.add("file", "");  // no folder can be made below it
};

TEST_F(Cache, KeepsCompiledModulesByDefault) {
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"-C", "cache"}, {"-C", "cache=y"}}) {
    const Outcome outcome = hello(options, home_);
    EXPECT_EQ(outcome.out, "hello\n") << outcome;
    EXPECT_EQ(outcome.err, "");
    EXPECT_GT(files_in(home_), 0U);
  }
}

TEST_F(Cache, MayBeOff) {
  EXPECT_EQ(hello({"-C", "cache=n"}, home_).out, "hello\n");
  EXPECT_EQ(files_in(home_), 0U);
}

TEST_F(Cache, FollowsAConfiguration) {
  const std::string config =
      folder_.add("cache.toml", "[cache]\ndirectory = \"" + (folder_.path() / "own").string() + "\"\n");
  const Outcome outcome = hello({"-C", "cache-config=" + config}, home_);
  EXPECT_EQ(outcome.out, "hello\n") << outcome;
  EXPECT_GT(files_in(folder_.path() / "own"), 0U);
  EXPECT_EQ(files_in(home_), 0U);
}

TEST_F(Cache, WhereThereCanBeNoneAWarningIsAllByDefault) {
  const Outcome outcome = hello({}, blocked_);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out, "hello\n");
  EXPECT_THAT(outcome.err, HasSubstr("cache"));
  EXPECT_EQ(hello({"--log", "error"}, blocked_).err, "");
}

TEST_F(Cache, ThatWasAskedForMustBe) {
  for (const std::string option : {"cache", "cache=y", "cache-config=/nosuch/cache.toml"}) {
    const Outcome outcome = hello({"-C", option}, blocked_);
    EXPECT_EQ(outcome.exit_code, kUsageError) << outcome;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, HasSubstr("cache"));
  }
}

}  // namespace
}  // namespace gpu_host::e2e
