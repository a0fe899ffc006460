#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

TEST(ExitCode, IsTheGuestsOwn) {
  for (const int code : {0, 1, 2, 7, 125}) {
    const Outcome outcome = run_program({guest("wasi_probe"), "exit", std::to_string(code)});
    EXPECT_EQ(outcome.exit_code, code) << outcome;
    EXPECT_EQ(outcome.err, "");
  }
}

TEST(ExitCode, OfATrap) {
  const Outcome outcome = run_program({guest("wasi_probe"), "trap"});
  EXPECT_EQ(outcome.exit_code, kTrap) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("unreachable"));
}

TEST(ExitCode, OfAHostError) { EXPECT_EQ(run_program({"/nosuch/module.wasm"}).exit_code, kHostError); }

// A command line that is refused, and what the message must name.
struct Refused {
  std::vector<std::string> arguments;
  std::string culprit;
};

std::ostream& operator<<(std::ostream& stream, const Refused& refused) {
  for (const std::string& argument : refused.arguments) stream << argument << " ";
  return stream;
}

class Usage : public testing::TestWithParam<Refused> {};

TEST_P(Usage, NamesTheCulprit) {
  const Outcome outcome = run_program(GetParam().arguments, {.input = std::string(kHelloWat)});
  EXPECT_EQ(outcome.exit_code, kUsageError) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().culprit));
  EXPECT_EQ(outcome.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    ExitCode, Usage,
    testing::Values(Refused{{}, "MODULE"}, Refused{{"run"}, "MODULE"}, Refused{{"--nosuch", "-"}, "--nosuch"},
                    Refused{{"-z", "-"}, "-z"}, Refused{{"--log", "loud", "-"}, "loud"},
                    Refused{{"--device", "first", "-"}, "first"}, Refused{{"--device", "-1", "-"}, "--device"},
                    Refused{{"--device", "4294967296", "-"}, "4294967296"}, Refused{{"--backend"}, "--backend"},
                    Refused{{"-W", "nosuch", "-"}, "nosuch"}, Refused{{"-W", "nosuch=1", "-"}, "timeout"},
                    Refused{{"-W", "timeout", "-"}, "timeout"}, Refused{{"-W", "unknown-imports-trap=7", "-"}, "7"},
                    Refused{{"-W", "", "-"}, "-W"}, Refused{{"-G", "nosuch=1", "-"}, "abi"},
                    Refused{{"-G", "abi=modern", "-"}, "modern"}, Refused{{"-G", "abi", "-"}, "abi"},
                    Refused{{"-O", "nosuch", "-"}, "opt-level"}, Refused{{"-C", "nosuch", "-"}, "cache-config"},
                    Refused{{"-S", "nosuch", "-"}, "inherit-env"}, Refused{{"-S", "cwd", "-d", ".", "-"}, "cwd"},
                    Refused{{"--stats=xml", "-"}, "xml"}, Refused{{"--trace", "", "-"}, "--trace"},
                    Refused{{"compile"}, "MODULE"}, Refused{{"compile", "--nosuch", "-"}, "--nosuch"},
                    Refused{{"devices", "--nosuch"}, "--nosuch"}, Refused{{"devices", "extra"}, "extra"}));

}  // namespace
}  // namespace gpu_host::e2e
