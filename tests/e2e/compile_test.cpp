// compile, and --allow-precompiled
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Compile : public testing::Test {
 protected:
  // Compiles into c.cwasm with the options.
  std::string compile(const std::vector<std::string>& options = {}) const {
    std::string output = (folder_.path() / "c.cwasm").string();
    std::vector<std::string> command{"compile", "-o", output, module_};
    command.insert(command.end(), options.begin(), options.end());
    const Outcome outcome = run_program(command);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(outcome.out + outcome.err, "");
    return output;
  }

  static Outcome run(const std::string& module, std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--allow-precompiled", module});
    return run_program(options);
  }

  TempFolder folder_;
  std::string module_ = folder_.add("in/hello.wat", kHelloWat);
};

TEST_F(Compile, WritesBesideTheCallerByDefault) {
  const Outcome outcome = run_program({"compile", module_}, {.folder = folder_.path().string()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(run((folder_.path() / "hello.cwasm").string()).out, "hello\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 2);  // in, hello.cwasm
}

TEST_F(Compile, FromStandardInput) {
  const std::string output = (folder_.path() / "x").string();
  const Outcome outcome = run_program({"compile", "-", "-o", output}, {.input = std::string(kHelloWat)});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(run(output).out, "hello\n");
  EXPECT_EQ(run_program({"compile", "-"}, {.input = std::string(kHelloWat)}).exit_code, kUsageError);
}

TEST_F(Compile, WhatItMadeMustBeAllowed) {
  const Outcome outcome = run_program({compile()});
  EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("--allow-precompiled"));
  // The option takes ordinary modules too.
  EXPECT_EQ(run(module_).out, "hello\n");
}

TEST_F(Compile, TheOutputMayHaveALongName) {
  const std::string output = (folder_.path() / std::string(250, 'n')).string();
  const Outcome outcome = run_program({"compile", "-o", output, module_});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(run(output).out, "hello\n");
}

TEST_F(Compile, WithTheSettingsOfTheRun) {
  EXPECT_EQ(run(compile({"-W", "timeout=1s"}), {"-W", "timeout=60s"}).out, "hello\n");
  EXPECT_EQ(run(compile({"-W", "fuel=1"}), {"-W", "fuel=10000"}).out, "hello\n");
  EXPECT_EQ(run(compile({"-O", "opt-level=0"}), {"-O", "opt-level=0"}).out, "hello\n");
}

TEST_F(Compile, OtherSettingsAreRefused) {
  for (const auto& [compiled, ran] : {std::pair{"timeout=1s", "fuel=10000"}, std::pair{"fuel=1", "timeout=60s"}}) {
    const Outcome outcome = run(compile({"-W", compiled}), {"-W", ran});
    EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("c.cwasm"));
  }
}

TEST_F(Compile, BrokenMachineCodeIsRefused) {
  const std::string whole = read_file(compile());
  for (const std::size_t size : {std::size_t{4}, std::size_t{64}, whole.size() / 2}) {
    const Outcome outcome = run(folder_.add("broken.cwasm", std::string_view(whole).substr(0, size)));
    EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("broken.cwasm"));
  }
}

TEST_F(Compile, AnErrorKeepsTheOlderFile) {
  const std::string output = folder_.add("old.cwasm", "old");
  const Outcome wrong = run_program({"compile", "-o", output, folder_.add("in/bad.wat", "(module")});
  EXPECT_EQ(wrong.exit_code, kHostError) << wrong;
  EXPECT_THAT(wrong.err, HasSubstr("bad.wat"));
  EXPECT_EQ(read_file(output), "old");
  const std::string nowhere = (folder_.path() / "nosuch" / "x").string();
  const Outcome unwritable = run_program({"compile", "-o", nowhere, module_});
  EXPECT_EQ(unwritable.exit_code, kHostError) << unwritable;
  EXPECT_THAT(unwritable.err, HasSubstr(nowhere));
}

}  // namespace
}  // namespace gpu_host::e2e
