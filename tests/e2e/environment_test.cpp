#include <gtest/gtest.h>

#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

ProcessOptions host_environment() { return {.env = {{"GPU_HOST_SECRET", "hidden"}, {"GPU_HOST_EMPTY", ""}}}; }

TEST(Environment, NothingIsInherited) {
  const Outcome outcome = run_program({guest("wasi_probe"), "env"}, host_environment());
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out, "");
}

TEST(Environment, PassesWhatIsNamed) {
  const Outcome outcome = run_program({"--env", "A=1", "--env", "B=x=y z", "--env", "GPU_HOST_SECRET", "--env",
                                       "EMPTY=", "--env=GPU_HOST_EMPTY", guest("wasi_probe"), "env"},
                                      host_environment());
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out, "A=1\nB=x=y z\nGPU_HOST_SECRET=hidden\nEMPTY=\nGPU_HOST_EMPTY=\n");
}

TEST(Environment, AVariableThatTheHostLacksIsLeftOut) {
  const Outcome outcome = run_program({"--env", "GPU_HOST_MISSING", guest("wasi_probe"), "env"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out, "");
}

TEST(Environment, AllOfItMayBeInherited) {
  const Outcome outcome =
      run_program({"-S", "inherit-env", "--env", "GPU_HOST_EMPTY=1", guest("wasi_probe"), "env"}, host_environment());
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_NE(outcome.out.find("GPU_HOST_SECRET=hidden\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("GPU_HOST_EMPTY=1\n"), std::string::npos);
  EXPECT_EQ(outcome.out.find("GPU_HOST_EMPTY=\n"), std::string::npos);
}

TEST(Environment, AVariableNeedsAName) {
  const Outcome outcome = run_program({"--env", "=value", guest("wasi_probe"), "env"});
  EXPECT_EQ(outcome.exit_code, kUsageError) << outcome;
  EXPECT_NE(outcome.err, "");
}

}  // namespace
}  // namespace gpu_host::e2e
