// Limits other than -W timeout. What they do to a guest; what is no limit is in options_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

class Limits : public testing::Test {
 protected:
  static Outcome run(std::vector<std::string> options, const std::string& module,
                     const std::vector<std::string>& arguments = {}) {
    options.push_back(module);
    options.insert(options.end(), arguments.begin(), arguments.end());
    return run_program(options);
  }

  TempFolder folder_;
  std::string functions_ = folder_.add("functions.wat", kFunctionsWat);
  std::string buffers_ = folder_.add("buffers.wat", kBuffersWat);
};

TEST_F(Limits, FuelEndsALoop) {
  const std::string loop = folder_.add("loop.wat", kLoopWat);
  for (const char* fuel : {"fuel=0", "fuel=1", "fuel=100000"}) {
    const Outcome outcome = run({"-W", fuel}, loop);
    EXPECT_EQ(outcome.exit_code, kTrap) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("fuel"));
  }
  EXPECT_EQ(run({"-W", "fuel=1000000", "--invoke", "add"}, functions_, {"1", "2"}).out, "3\n");
}

TEST_F(Limits, MemoryStopsGrowing) {
  EXPECT_EQ(run({"-W", "max-memory-size=128K", "--invoke", "grow"}, functions_, {"1"}).out, "1\n");
  EXPECT_EQ(run({"-W", "max-memory-size=128K", "--invoke", "grow"}, functions_, {"2"}).out, "-1\n");
}

TEST_F(Limits, TheStackMayBeSmallerOrLarger) {
  const auto recurse = [&](const std::string& size, const std::string& depth) {
    return run({"-W", "max-wasm-stack=" + size, "--invoke", "recurse"}, functions_, {depth});
  };
  EXPECT_EQ(recurse("16K", "10").out, "10\n");
  const Outcome overflow = recurse("16K", "100000");
  EXPECT_EQ(overflow.exit_code, kTrap) << overflow;
  EXPECT_THAT(overflow.err, HasSubstr("stack"));
  EXPECT_EQ(recurse("64M", "100000").out, "100000\n");
}

TEST_F(Limits, EndlessRecursionTrapsOnEveryStack) {
  const std::string module = folder_.add("endless.wat", R"((module (func $again (export "_start") (call $again))))");
  for (const char* size : {"16K", "512K", "1G"}) {
    const Outcome outcome = run({"-W", std::string("max-wasm-stack=") + size}, module);
    EXPECT_EQ(outcome.exit_code, kTrap) << size << "\n" << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("stack"));
  }
}

TEST_F(Limits, AModuleThatNeedsMoreFromTheStartIsOverTheLimit) {
  const Outcome small = run({"-W", "max-memory-size=64K"}, folder_.add("two_pages.wat", R"((module (memory 2)
    (func (export "_start"))))"));
  EXPECT_EQ(small.exit_code, kTrap) << small;
  EXPECT_THAT(small.err, HasSubstr("memory"));
  const Outcome two = run({}, folder_.add("two.wat", R"((module (memory 1) (memory 1) (func (export "_start"))))"));
  EXPECT_EQ(two.exit_code, kTrap) << two;
  EXPECT_THAT(two.err, HasSubstr("limit"));
}

TEST_F(Limits, BuffersThatAreTooManyOrTooLargeAreOutOfMemory) {
  EXPECT_EQ(run({}, buffers_).exit_code, 2);
  EXPECT_EQ(run({"-G", "max-buffers=1"}, buffers_).exit_code, 12);
  EXPECT_EQ(run({"-G", "max-buffers=0"}, buffers_).exit_code, 112);
  EXPECT_EQ(run({"-G", "max-memory=2M"}, buffers_).exit_code, 2);
  EXPECT_EQ(run({"-G", "max-memory=2097151"}, buffers_).exit_code, 12);
  EXPECT_EQ(run({"-G", "max-memory=0"}, buffers_).exit_code, 112);
}

TEST_F(Limits, GpuTimeEndsTheRun) {
  const Outcome outcome = run({"-G", "timeout=0"}, guest("wit_bindgen_c"));
  EXPECT_EQ(outcome.exit_code, kTrap) << outcome;
  EXPECT_EQ(run({"-G", "timeout=1h"}, guest("wit_bindgen_c")).exit_code, 0);
}

TEST_F(Limits, AllTogetherLeaveAGoodGuestAlone) {
  const Outcome outcome = run({"-W", "fuel=1000000000,timeout=1h,max-memory-size=16M,max-wasm-stack=1M", "-G",
                               "max-memory=64M,max-buffers=100,timeout=1h,precision=fp32,threads=1", "-O",
                               "opt-level=s,parallel=n", "-C", "cache=n", "-S", "cwd,inherit-env"},
                              guest("wit_bindgen_c"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.err, "");
}

}  // namespace
}  // namespace gpu_host::e2e
