// --invoke
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

class Invoke : public testing::Test {
 protected:
  Outcome invoke(const std::string& function, const std::vector<std::string>& arguments = {},
                 std::vector<std::string> options = {}) const {
    options.insert(options.end(), {"--invoke", function, module_});
    options.insert(options.end(), arguments.begin(), arguments.end());
    return run_program(options);
  }

  TempFolder folder_;
  std::string module_ = folder_.add("functions.wat", kFunctionsWat);
};

TEST_F(Invoke, PrintsOneResultPerLine) {
  EXPECT_EQ(invoke("add", {"2", "-3"}).out, "-1\n");
  const Outcome each = invoke("each", {"-1", "9000000000", "0.1", "1e300"});
  EXPECT_EQ(each.exit_code, 0) << each;
  EXPECT_EQ(each.out, "1e+300\n0.1\n9000000000\n-1\n");
  EXPECT_EQ(each.err, "");
  EXPECT_EQ(invoke("nothing").out, "");
}

TEST_F(Invoke, WrongArgumentsAreUsageErrors) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{}, "0 given"}, {{"1", "2", "3"}, "3 given"}, {{"1", "two"}, "'two'"}, {{"1", ""}, "argument 2"}};
  for (const auto& [arguments, culprit] : cases) {
    const Outcome outcome = invoke("add", arguments);
    EXPECT_EQ(outcome.exit_code, kUsageError) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(culprit));
  }
}

TEST_F(Invoke, FunctionsThatCannotBeCalled) {
  for (const char* function : {"nosuch", "memory", "reference"}) {
    const Outcome outcome = invoke(function);
    EXPECT_NE(outcome.exit_code, 0) << outcome;
    EXPECT_NE(outcome.exit_code, kTrap) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(function));
  }
}

TEST_F(Invoke, TheGuestsEndIsTheProgramsEnd) {
  const Outcome trap = invoke("trap");
  EXPECT_EQ(trap.exit_code, kTrap) << trap;
  EXPECT_THAT(trap.err, HasSubstr("unreachable"));
  for (const char* code : {"0", "7"}) {
    const Outcome outcome = invoke("leave", {code});
    EXPECT_EQ(outcome.exit_code, std::stoi(code)) << outcome;
    EXPECT_EQ(outcome.err, "");
  }
}

TEST_F(Invoke, ResultsThatCannotBePrintedAreAnError) {
  for (const char* to : {"> /dev/full", ">&-"}) {
    const Outcome outcome = run_process(
        {"/bin/sh", "-c", std::string(R"("$0" -C cache=n --invoke add "$1" 1 2 )") + to, WGH_PROGRAM, module_});
    EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("standard output"));
  }
}

}  // namespace
}  // namespace gpu_host::e2e
