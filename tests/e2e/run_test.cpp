// What of the command line is the program's, and what the guest's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

TEST(Run, EverythingBehindTheModuleIsTheGuests) {
  const std::vector<std::string> arguments{"--backend", "nosuch", "-W", "timeout=0", "--",   "--help",
                                           "-v",        "",       "-d", "devices",   "späte"};
  for (const bool spelled : {false, true}) {
    std::vector<std::string> command;
    if (spelled) command.emplace_back("run");
    command.insert(command.end(), {"--log", "error", guest("wasi_probe"), "args"});
    std::string expected = "wasi_probe.wasm\nargs\n";
    for (const std::string& argument : arguments) {
      command.push_back(argument);
      expected += argument + "\n";
    }
    const Outcome outcome = run_program(command);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(outcome.out, expected);
    EXPECT_EQ(outcome.err, "");
  }
}

TEST(Run, ADoubleDashEndsTheOptions) {
  const Outcome outcome = run_program({"--", guest("wasi_probe"), "args", "x"});
  EXPECT_EQ(outcome.out, "wasi_probe.wasm\nargs\nx\n") << outcome;
}

TEST(Run, Argv0) {
  const Outcome outcome = run_program({"--argv0", "another name", guest("wasi_probe"), "args"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out, "another name\nargs\n");
}

TEST(Run, AModuleInTheTextFormat) {
  const TempFolder folder;
  const Outcome outcome = run_program({folder.add("hello.wat", kHelloWat)});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out, "hello\n");
}

TEST(Run, AModuleFromStandardInput) {
  const Outcome text = run_program({"-"}, {.input = std::string(kHelloWat)});
  EXPECT_EQ(text.exit_code, 0) << text;
  EXPECT_EQ(text.out, "hello\n");
  const Outcome binary = run_program({"run", "-", "exit", "5"}, {.input = read_file(guest("wasi_probe"))});
  EXPECT_EQ(binary.exit_code, 5) << binary;
}

TEST(Run, StandardStreamsAreTheGuests) {
  const std::string text = "some\ninput without an end of line";
  const Outcome echoed = run_program({guest("wasi_probe"), "cat"}, {.input = text});
  EXPECT_EQ(echoed.exit_code, 0) << echoed;
  EXPECT_EQ(echoed.out, text);
  const Outcome complained = run_program({guest("wasi_probe"), "error", "a complaint"});
  EXPECT_EQ(complained.out, "");
  EXPECT_EQ(complained.err, "a complaint\n");
}

TEST(Run, ClocksAndRandomNumbers) {
  const Outcome clock = run_program({guest("wasi_probe"), "clock"});
  EXPECT_EQ(clock.exit_code, 0) << clock;
  EXPECT_THAT(clock.out, testing::MatchesRegex("monotonic ordered\nrealtime [1-9][0-9]*\n"));
  const Outcome first = run_program({guest("wasi_probe"), "random"});
  const Outcome second = run_program({guest("wasi_probe"), "random"});
  EXPECT_THAT(first.out, testing::MatchesRegex("[0-9a-f]*\n"));
  EXPECT_EQ(first.out.size(), 33u);
  EXPECT_NE(first.out, second.out);
}

TEST(Run, HelpAndVersion) {
  const Outcome help = run_program({"--help"});
  EXPECT_EQ(help.exit_code, 0) << help;
  for (const char* option :
       {"--backend", "--device", "--workdir", "--dir",   "--env",    "--argv0", "--invoke", "--allow-precompiled",
        "--stats",   "--trace",  "--profile", "--log",   "-W",       "-O",      "-C",       "-S",
        "-G",        "help",     "compile",   "devices", "--version"}) {
    EXPECT_THAT(help.out, HasSubstr(option));
  }
  const Outcome version = run_program({"--version"});
  EXPECT_EQ(version.exit_code, 0) << version;
  EXPECT_THAT(version.out, testing::ContainsRegex("^wasmtime-gpu-host [0-9]+\\.[0-9]+\\.[0-9]+"));
}

}  // namespace
}  // namespace gpu_host::e2e
