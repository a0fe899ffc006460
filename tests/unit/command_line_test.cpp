#include "cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/cli.hpp"

namespace gpu_host::cli {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
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
  EXPECT_THAT(usage_error({"-W", "nosuch=1", "a.wasm"}), AllOf(HasSubstr("'nosuch'"), HasSubstr("timeout=TIME")));
  EXPECT_THAT(usage_error({"-W", "", "a.wasm"}), HasSubstr("no key given"));
  EXPECT_THAT(usage_error({"-W", "timeout=soon", "a.wasm"}), HasSubstr("'soon'"));
  EXPECT_THAT(usage_error({"-W", "timeout", "a.wasm"}), HasSubstr("timeout"));
  EXPECT_THAT(usage_error({"-W", "unknown-imports-trap=maybe", "a.wasm"}), HasSubstr("'maybe'"));
  EXPECT_THAT(usage_error({"-G", "abi=new", "a.wasm"}), AllOf(HasSubstr("'new'"), HasSubstr("legacy")));
  EXPECT_THAT(usage_error({"--backend", "", "a.wasm"}), HasSubstr("--backend"));
  EXPECT_THAT(usage_error({"--device", "", "a.wasm"}), HasSubstr("--device"));
  EXPECT_THAT(usage_error({"--env", "", "a.wasm"}), HasSubstr("--env"));
  EXPECT_THAT(usage_error({"devices", "extra"}), HasSubstr("extra"));
  EXPECT_THAT(usage_error({"-d", "a", "-S", "cwd", "a.wasm"}), HasSubstr("cwd"));
  EXPECT_THAT(usage_error({"--stats=xml", "a.wasm"}), AllOf(HasSubstr("'xml'"), HasSubstr("json")));
  EXPECT_THAT(usage_error({"--profile", "vtune", "a.wasm"}), AllOf(HasSubstr("'vtune'"), HasSubstr("jitdump")));
  EXPECT_THAT(usage_error({"--profile", "", "a.wasm"}), HasSubstr("--profile"));
  EXPECT_THAT(usage_error({"--profile", "guest,p,1ns", "a.wasm"}),
              AllOf(HasSubstr("'guest,p,1ns'"), HasSubstr("1us to 1h")));
  EXPECT_THAT(usage_error({"--trace", "", "a.wasm"}), HasSubstr("--trace"));
  EXPECT_THAT(usage_error({"--invoke", "", "a.wasm"}), HasSubstr("--invoke"));
  EXPECT_THAT(usage_error({"compile"}), HasSubstr("no MODULE"));
  EXPECT_THAT(usage_error({"compile", "-"}), HasSubstr("-o"));
  EXPECT_THAT(usage_error({"compile", "-o", "", "a.wasm"}), HasSubstr("--output"));
  EXPECT_THAT(usage_error({"compile", "a.wasm", "b.wasm"}), HasSubstr("b.wasm"));
  EXPECT_THAT(usage_error({"compile", "-G", "threads=1", "a.wasm"}), HasSubstr("-G"));
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

TEST(CommandLine, HelpOfAGroupNeedsNoModule) {
  for (const char* group : {"-W", "-O", "-C", "-S", "-G"}) {
    const Command command = parse({group, "help"});
    const auto* printed = std::get_if<PrintAndExit>(&command);
    ASSERT_NE(printed, nullptr);
    EXPECT_EQ(printed->exit_code, kSuccess);
  }
}

TEST(CommandLine, TheWorkingFolderMayBeTheGuests) {
  const auto preopens = parse_run({"-S", "cwd", "a.wasm"}).instance.preopens;
  ASSERT_EQ(preopens.size(), 1U);
  EXPECT_EQ(preopens[0].host_path, ".");
  EXPECT_EQ(preopens[0].guest_path, ".");
}

TEST(CommandLine, AllVariablesMayBePassedOn) {
  setenv("WGH_TEST_VARIABLE", "here", 1);
  const auto env = parse_run({"--env", "WGH_TEST_VARIABLE=there", "-S", "inherit-env", "a.wasm"}).instance.env;
  EXPECT_THAT(env, Contains(Pair("WGH_TEST_VARIABLE", "there")));
  EXPECT_THAT(env, Not(Contains(Pair("WGH_TEST_VARIABLE", "here"))));
  EXPECT_THAT(env, Contains(Pair("PATH", std::getenv("PATH"))));
}

TEST(CommandLine, InvokeTakesTheArguments) {
  EXPECT_EQ(parse_run({"a.wasm", "1"}).invoke, std::nullopt);
  const auto command = parse_run({"--invoke", "add", "a.wasm", "1", "-2"});
  EXPECT_EQ(command.invoke, "add");
  EXPECT_THAT(command.arguments, ElementsAre("1", "-2"));
}

TEST(CommandLine, InsightIsOnlyWhereAskedFor) {
  const auto plain = parse_run({"a.wasm"});
  EXPECT_EQ(plain.stats, StatsFormat::none);
  EXPECT_FALSE(plain.trace);
  EXPECT_FALSE(plain.profile);
  EXPECT_FALSE(plain.engine.options.interruptible);
  EXPECT_EQ(parse_run({"--stats", "a.wasm"}).stats, StatsFormat::table);
  EXPECT_EQ(parse_run({"--stats=table", "a.wasm"}).stats, StatsFormat::table);
  EXPECT_EQ(parse_run({"--stats=json", "a.wasm"}).stats, StatsFormat::json);
  EXPECT_EQ(parse_run({"--trace", "t.json", "a.wasm"}).trace, "t.json");
  EXPECT_EQ(parse_run({"--profile", "perfmap", "a.wasm"}).engine.options.profiler, Profiler::perfmap);
}

TEST(CommandLine, AGuestProfileNeedsInterrupts) {
  const auto command = parse_run({"--profile=guest,p.json,1ms", "a.wasm"});
  EXPECT_EQ(command.profile->path, "p.json");
  EXPECT_EQ(command.instance.profile_interval, std::chrono::milliseconds(1));
  EXPECT_TRUE(command.engine.options.interruptible);
}

TEST(CommandLine, PrecompiledModulesMustBeAllowed) {
  EXPECT_FALSE(parse_run({"a.cwasm"}).engine.options.allow_precompiled);
  EXPECT_TRUE(parse_run({"--allow-precompiled", "a.cwasm"}).engine.options.allow_precompiled);
}

TEST(CommandLine, CompileNamesItsOutput) {
  const auto compiled = [](const std::vector<std::string>& arguments) {
    return std::get<CompileCommand>(parse(arguments));
  };
  EXPECT_EQ(compiled({"compile", "dir/a.b.wasm"}).output, "a.b.cwasm");
  EXPECT_EQ(compiled({"compile", "dir/a.wat", "-o", "x/y"}).output, "x/y");
  EXPECT_EQ(compiled({"compile", "-", "--output=y"}).module, "-");
}

TEST(CommandLine, CompileTakesTheSameEngineSettings) {
  const std::vector<std::string> options{"-W", "timeout=1s,fuel=1", "-O", "opt-level=s", "-C", "cache=n", "a.wasm"};
  std::vector<std::string> with_compile{"compile"};
  with_compile.insert(with_compile.end(), options.begin(), options.end());
  const auto compile = std::get<CompileCommand>(parse(with_compile)).engine.options;
  const auto run = parse_run(options).engine.options;
  for (const HostOptions& host : {compile, run}) {
    EXPECT_TRUE(host.interruptible);
    EXPECT_TRUE(host.fuel);
    EXPECT_EQ(host.optimization, Optimization::speed_and_size);
    EXPECT_FALSE(host.cache);
  }
}

TEST(CommandLine, DevicesMayBeJson) {
  EXPECT_TRUE(std::get<DevicesCommand>(parse({"devices", "--json"})).json);
  EXPECT_FALSE(std::get<DevicesCommand>(parse({"devices"})).json);
}

}  // namespace
}  // namespace gpu_host::cli
