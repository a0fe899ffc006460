// The helper itself: a test that could not see a failure would be none.
#include "e2e/process.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

namespace gpu_host::e2e {
namespace {

TEST(Process, PassesInputAndSeparatesTheOutputs) {
  const Outcome outcome = run_process({"/bin/sh", "-c", "cat; echo problem >&2; exit 3"}, {.input = "text"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.out, "text");
  EXPECT_EQ(outcome.err, "problem\n");
}

TEST(Process, PassesMoreInputThanAPipeHolds) {
  const std::string text(1 << 20, 'x');
  EXPECT_EQ(run_process({"/bin/cat"}, {.input = text}).out, text);
}

TEST(Process, SetsVariablesAndTheFolder) {
  const Outcome outcome = run_process({"/bin/sh", "-c", "pwd; echo $HOME"}, {.env = {{"HOME", "/h"}}, .folder = "/"});
  EXPECT_EQ(outcome.out, "/\n/h\n");
}

TEST(Process, ReportsASignal) { EXPECT_EQ(run_process({"/bin/sh", "-c", "kill -9 $$"}).exit_code, -9); }

TEST(Process, FailsTheTestWhenTheBoundIsReached) {
  EXPECT_NONFATAL_FAILURE(
      {
        const Outcome outcome = run_process({"/bin/cat"}, {.input_stays_open = true, .bound = std::chrono::seconds(1)});
        EXPECT_TRUE(outcome.timed_out);
      },
      "ran longer");
}

}  // namespace
}  // namespace gpu_host::e2e
