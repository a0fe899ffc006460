// -W timeout. The bounds are generous: a machine may be busy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

void expect_timeout(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_code, kTrap) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("timeout"));
}

TEST(Timeout, EndsALoop) {
  const TempFolder folder;
  const std::string loop = folder.add("loop.wat", kLoopWat);
  for (const char* time : {"300ms", "0.3", "0.3s", "1ns", "0"}) {
    expect_timeout(run_program({"-W", std::string("timeout=") + time, loop}, {.bound = std::chrono::seconds(60)}));
  }
}

TEST(Timeout, EndsABlockingRead) {
  expect_timeout(run_program({"-W", "timeout=300ms", guest("wasi_probe"), "cat"},
                             {.input_stays_open = true, .bound = std::chrono::seconds(60)}));
}

TEST(Timeout, EndsASleep) {
  expect_timeout(
      run_program({"-W", "timeout=300ms", guest("wasi_probe"), "sleep", "3600"}, {.bound = std::chrono::seconds(60)}));
}

TEST(Timeout, OfZeroIsOverBeforeTheGuestRuns) {
  const TempFolder folder;
  const std::string hello = folder.add("hello.wat", kHelloWat);
  for (int i = 0; i < 20; ++i) {
    const Outcome outcome = run_program({"-W", "timeout=0", hello});
    expect_timeout(outcome);
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(Timeout, LeavesAGuestAloneThatIsDoneInTime) {
  // 2562047 h is just below what 64 bits of nanoseconds hold.
  for (const char* time : {"100s", "100", "60000ms", "5m", "1h", "2562047h"}) {
    const Outcome outcome = run_program({"-W", std::string("timeout=") + time, guest("wasi_probe"), "exit", "3"});
    EXPECT_EQ(outcome.exit_code, 3) << time << "\n" << outcome;
  }
}

TEST(Timeout, ThatIsNoTimeIsRefused) {
  for (const char* time : {"", "soon", "-1", "-1s", "1 s", "1x", "s", "nan", "inf", "1e9h", "1000000000h", "0x10",
                           "99999999999999999999999999"}) {
    const Outcome outcome = run_program({"-W", std::string("timeout=") + time, guest("wasi_probe"), "exit", "3"});
    EXPECT_EQ(outcome.exit_code, kUsageError) << time << "\n" << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(std::string("'") + time + "'"));
  }
}

}  // namespace
}  // namespace gpu_host::e2e
