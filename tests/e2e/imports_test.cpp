// Imports that the host does not have.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

// Calls two functions that do not exist; traps unless they return 0.
constexpr std::string_view kCallsUnknown = R"((module
  (import "env" "first" (func $first (result i32)))
  (import "wasi:gpu/nosuch@9.9.9" "second" (func $second (param i32) (result i64)))
  (func (export "_start")
    (if (i32.or (call $first) (i64.ne (call $second (i32.const 5)) (i64.const 0))) (then unreachable)))))";

constexpr std::string_view kImportsOnly = R"((module (import "env" "first" (func)) (func (export "_start"))))";

class UnknownImports : public testing::Test {
 protected:
  TempFolder folder_;
  std::string calls_ = folder_.add("calls.wat", kCallsUnknown);
  std::string imports_ = folder_.add("imports.wat", kImportsOnly);
};

TEST_F(UnknownImports, AreNamedAndRefused) {
  const Outcome outcome = run_program({calls_});
  EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
  for (const char* part : {"calls.wat", "env", "first", "wasi:gpu/nosuch@9.9.9", "second"}) {
    EXPECT_THAT(outcome.err, HasSubstr(part));
  }
}

TEST_F(UnknownImports, AsTraps) {
  const Outcome called = run_program({"-W", "unknown-imports-trap", calls_});
  EXPECT_EQ(called.exit_code, kTrap) << called;
  EXPECT_THAT(called.err, HasSubstr("first"));
  EXPECT_EQ(run_program({"-W", "unknown-imports-trap", imports_}).exit_code, 0);
}

TEST_F(UnknownImports, AsDefaultValues) {
  const Outcome outcome = run_program({"-W", "unknown-imports-default", calls_});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
}

TEST_F(UnknownImports, AnOptionMayBeSwitchedOff) {
  EXPECT_EQ(run_program({"-W", "unknown-imports-trap=n", imports_}).exit_code, kHostError);
  EXPECT_EQ(run_program({"-W", "unknown-imports-default=y,timeout=60", imports_}).exit_code, 0);
}

}  // namespace
}  // namespace gpu_host::e2e
