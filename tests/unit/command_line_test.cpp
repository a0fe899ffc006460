#include "cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/cli.hpp"

namespace gpu_host::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

RunCommand parse_run(const std::vector<std::string>& arguments) {
  const Command command = parse(arguments);
  if (const auto* printed = std::get_if<PrintAndExit>(&command)) ADD_FAILURE() << printed->text;
  const auto* run = std::get_if<RunCommand>(&command);
  return run != nullptr ? *run : RunCommand{};
}

std::string usage_error(const std::vector<std::string>& arguments) {
  const Command command = parse(arguments);
  const auto* printed = std::get_if<PrintAndExit>(&command);
  if (printed == nullptr) return "no error";
  EXPECT_EQ(printed->exit_code, kUsageError);
  return printed->text;
}

TEST(CommandLine, EverythingBehindTheModuleIsTheGuests) {
  const auto command = parse_run({"-v", "dir/a.wasm", "-v", "--backend", "cuda", "--", "-W", "x", "--help"});
  EXPECT_EQ(command.module, "dir/a.wasm");
  EXPECT_THAT(command.instance.args, ElementsAre("a.wasm", "-v", "--backend", "cuda", "--", "-W", "x", "--help"));
  EXPECT_EQ(command.logging.verbosity, 1);
  EXPECT_EQ(command.instance.device.backend, "");
}

TEST(CommandLine, RunMayBeSpelledOrNot) {
  EXPECT_EQ(parse_run({"run", "a.wasm", "run"}).module, "a.wasm");
  EXPECT_EQ(parse_run({"a.wasm", "devices"}).module, "a.wasm");
  EXPECT_THAT(parse_run({"run", "--", "-odd.wasm", "x"}).instance.args, ElementsAre("-odd.wasm", "x"));
}

TEST(CommandLine, StandardInputIsADash) {
  const auto command = parse_run({"-", "x"});
  EXPECT_EQ(command.module, "-");
  EXPECT_THAT(command.instance.args, ElementsAre("-", "x"));
}

TEST(CommandLine, NothingIsGivenThatWasNotAskedFor) {
  const auto command = parse_run({"a.wasm"});
  EXPECT_THAT(command.instance.env, IsEmpty());
  EXPECT_THAT(command.instance.preopens, IsEmpty());
  EXPECT_EQ(command.instance.limits.timeout, std::nullopt);
  EXPECT_EQ(command.instance.unknown_imports, UnknownImports::refuse);
  EXPECT_EQ(command.instance.gpu_abi, GpuAbi::canonical);
}

TEST(CommandLine, FoldersHaveNamesForTheGuest) {
  const auto preopens = parse_run({"-d", "data", "--dir", "/a", "--dir=b::/c", "a.wasm"}).instance.preopens;
  ASSERT_EQ(preopens.size(), 3U);
  EXPECT_EQ(preopens[0].host_path, "data");
  EXPECT_EQ(preopens[0].guest_path, ".");
  EXPECT_EQ(preopens[1].guest_path, "/a");
  EXPECT_EQ(preopens[2].host_path, "b");
  EXPECT_EQ(preopens[2].guest_path, "/c");
}

TEST(CommandLine, VariablesAreGivenOrPassedOn) {
  setenv("WGH_TEST_VARIABLE", "here", 1);
  unsetenv("WGH_TEST_ABSENT");
  const auto env = parse_run({"--env", "A=1=2", "--env", "WGH_TEST_VARIABLE", "--env", "WGH_TEST_ABSENT", "--env",
                              "B=0", "--env", "B=", "a.wasm"})
                       .instance.env;
  EXPECT_THAT(env, ElementsAre(Pair("A", "1=2"), Pair("WGH_TEST_VARIABLE", "here"), Pair("B", "")));
}

TEST(CommandLine, GroupsTakeKeysAndValues) {
  const auto instance = parse_run({"-W", "timeout=250ms,unknown-imports-trap", "-G", "abi=legacy", "a.wasm"}).instance;
  EXPECT_EQ(instance.limits.timeout, std::chrono::milliseconds(250));
  EXPECT_EQ(instance.unknown_imports, UnknownImports::trap);
  EXPECT_EQ(instance.gpu_abi, GpuAbi::legacy);
  EXPECT_EQ(parse_run({"-Wunknown-imports-default=y", "a.wasm"}).instance.unknown_imports,
            UnknownImports::default_value);
  EXPECT_EQ(parse_run({"-Wunknown-imports-trap=n", "a.wasm"}).instance.unknown_imports, UnknownImports::refuse);
}

TEST(CommandLine, BackendDeviceAndName) {
  const auto instance = parse_run({"--backend=cpu", "--device", "2", "--argv0", "me", "x/a.wasm"}).instance;
  EXPECT_EQ(instance.device.backend, "cpu");
  EXPECT_EQ(instance.device.index, 2U);
  EXPECT_THAT(instance.args, ElementsAre("me"));
}

TEST(CommandLine, WrongOnesNameTheCulprit) {
  EXPECT_THAT(usage_error({}), HasSubstr("no MODULE"));
  EXPECT_THAT(usage_error({"--bogus", "a.wasm"}), HasSubstr("'--bogus'"));
  EXPECT_THAT(usage_error({"--device", "x", "a.wasm"}), HasSubstr("--device"));
  EXPECT_THAT(usage_error({"--device", "-1", "a.wasm"}), HasSubstr("--device"));
  EXPECT_THAT(usage_error({"--log", "loud", "a.wasm"}), AllOf(HasSubstr("'loud'"), HasSubstr("debug")));
  EXPECT_THAT(usage_error({"-W", "fuel=1", "a.wasm"}), AllOf(HasSubstr("'fuel'"), HasSubstr("timeout=TIME")));
  EXPECT_THAT(usage_error({"-W", "", "a.wasm"}), HasSubstr("no key given"));
  EXPECT_THAT(usage_error({"-W", "timeout=soon", "a.wasm"}), HasSubstr("'soon'"));
  EXPECT_THAT(usage_error({"-W", "timeout", "a.wasm"}), HasSubstr("timeout"));
  EXPECT_THAT(usage_error({"-W", "unknown-imports-trap=maybe", "a.wasm"}), HasSubstr("'maybe'"));
  EXPECT_THAT(usage_error({"-G", "abi=new", "a.wasm"}), AllOf(HasSubstr("'new'"), HasSubstr("legacy")));
  EXPECT_THAT(usage_error({"--backend", "", "a.wasm"}), HasSubstr("--backend"));
  EXPECT_THAT(usage_error({"--device", "", "a.wasm"}), HasSubstr("--device"));
  EXPECT_THAT(usage_error({"--env", "", "a.wasm"}), HasSubstr("--env"));
  EXPECT_THAT(usage_error({"devices", "extra"}), HasSubstr("extra"));
}

TEST(CommandLine, HelpAndVersionAreNoErrors) {
  for (const auto& arguments : {std::vector<std::string>{"--help"}, {"help"}, {"run", "-h"}, {"--version"}, {"-V"}}) {
    const Command command = parse(arguments);
    const auto* printed = std::get_if<PrintAndExit>(&command);
    ASSERT_NE(printed, nullptr);
    EXPECT_EQ(printed->exit_code, kSuccess);
    EXPECT_THAT(printed->text, HasSubstr("wasmtime-gpu-host"));
  }
}

TEST(CommandLine, DevicesMayBeJson) {
  EXPECT_TRUE(std::get<DevicesCommand>(parse({"devices", "--json"})).json);
  EXPECT_FALSE(std::get<DevicesCommand>(parse({"devices"})).json);
}

}  // namespace
}  // namespace gpu_host::cli
