#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

// The log of a run of a guest that uses wasi:gpu.
std::string log_of(std::vector<std::string> options, const std::string& rust_log = "") {
  options.push_back(guest("wit_bindgen_c"));
  ProcessOptions process;
  if (!rust_log.empty()) process.env.emplace_back("RUST_LOG", rust_log);
  const Outcome outcome = run_program(options, process);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("guest: ok"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("] ")));  // the log is not the guest's output
  return outcome.err;
}

TEST(Logging, IsSilentByDefault) { EXPECT_EQ(log_of({}), ""); }

TEST(Logging, SaysMoreWithEachV) {
  const std::string info = log_of({"-v"});
  EXPECT_THAT(info, HasSubstr("info"));
  EXPECT_THAT(info, Not(HasSubstr("debug")));
  const std::string debug = log_of({"-vv"});
  EXPECT_THAT(debug, HasSubstr("debug"));
  EXPECT_THAT(debug, Not(HasSubstr("trace")));
  EXPECT_THAT(log_of({"-v", "-v", "-v"}), HasSubstr("trace"));
}

TEST(Logging, ByLevel) {
  EXPECT_THAT(log_of({"--log", "debug"}), HasSubstr("debug"));
  EXPECT_THAT(log_of({"--log=info"}), Not(HasSubstr("debug")));
  EXPECT_EQ(log_of({"--log", "off"}), "");
}

TEST(Logging, ByTheEnvironment) {
  EXPECT_THAT(log_of({}, "debug"), HasSubstr("debug"));
  EXPECT_THAT(log_of({}, "wasmtime_gpu_host=debug,other=trace"), HasSubstr("debug"));
  EXPECT_EQ(log_of({}, "other=trace"), "");
  EXPECT_EQ(log_of({}, ",=,nonsense=="), "");
}

TEST(Logging, TheOptionCountsMoreThanTheEnvironment) { EXPECT_EQ(log_of({"--log", "error"}, "trace"), ""); }

}  // namespace
}  // namespace gpu_host::e2e
