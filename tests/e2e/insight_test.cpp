// --stats, --trace, --profile
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

// Calls sync, then does what is given.
std::string sync_then(const std::string& what) {
  return R"((module (import "wasi:gpu/compute@0.1.0" "sync" (func $sync))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\01\00\00\00")
  (func (export "_start") (call $sync) )" +
         what + "))";
}

class Insight : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  TempFolder folder_;
  std::string buffers_ = folder_.add("buffers.wat", kBuffersWat);
  std::string trap_ = folder_.add("trap.wat", sync_then("unreachable"));
  std::string blocks_ = folder_.add(
      "blocks.wat", sync_then("(drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"));
};

TEST_F(Insight, NothingIsSaidUnlessAskedFor) { EXPECT_EQ(run_program({buffers_}).err, ""); }

TEST_F(Insight, StatsAreATable) {
  const Outcome outcome = run_program({"--stats", buffers_});
  EXPECT_EQ(outcome.exit_code, 2) << outcome;
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("function"), ContainsRegex("buffer-create +2 +0"),
                                 ContainsRegex("buffer-destroy +1 +1")));
}

TEST_F(Insight, StatsAreJson) {
  const Outcome outcome = run_program({"--stats=json", buffers_});
  EXPECT_EQ(outcome.exit_code, 2) << outcome;
  const json functions = json::parse(outcome.err).at("functions");
  ASSERT_EQ(functions.size(), 2U);
  EXPECT_EQ(functions[0].at("function"), "buffer-create");
  EXPECT_EQ(functions[0].at("interface"), "wasi:gpu/compute@0.1.0");
  EXPECT_EQ(functions[0].at("calls"), 2);
  EXPECT_EQ(functions[1].at("failures"), 1);
}

TEST_F(Insight, StatsOfAGuestThatCallsNothing) {
  const Outcome outcome = run_program({"--stats", "-"}, {.input = std::string(kHelloWat)});
  EXPECT_EQ(outcome.out, "hello\n");
  EXPECT_THAT(outcome.err, HasSubstr("not called"));
}

TEST_F(Insight, StatsOfKernelsNameTheDevice) {
  const Outcome outcome = run_program({"--backend", "cpu", "--stats=json", guest("wit_bindgen_c")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  bool worked = false;
  const json functions = json::parse(outcome.err).at("functions");
  for (const json& entry : functions) {
    if (entry.at("device_time_ns") == 0) continue;
    worked = true;
    EXPECT_GE(entry.at("time_ns"), entry.at("device_time_ns"));
    EXPECT_GT(entry.at("bytes"), 0) << entry;
    EXPECT_THAT(entry.at("device").get<std::string>(), HasSubstr("cpu"));
  }
  EXPECT_TRUE(worked);
}

TEST_F(Insight, ATraceIsJson) {
  const Outcome outcome = run_program({"--trace", path("trace.json"), guest("wit_bindgen_c")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(json::parse(read_file(path("trace.json"))).dump(), HasSubstr("buffer-create"));
}

TEST_F(Insight, ATraceNeedsAPlace) {
  const Outcome outcome = run_program({"--trace", "/nosuch/trace.json", buffers_});
  EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("/nosuch/trace.json"));
}

TEST_F(Insight, ATrapLosesNothing) {
  const Outcome outcome =
      run_program({"--stats", "--trace", path("trace.json"), "--profile", "guest," + path("profile.json"), trap_});
  EXPECT_EQ(outcome.exit_code, kTrap) << outcome;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("unreachable"), ContainsRegex("sync +1"), HasSubstr("profile.json")));
  EXPECT_THAT(json::parse(read_file(path("trace.json"))).dump(), HasSubstr("sync"));
  EXPECT_TRUE(json::parse(read_file(path("profile.json"))).is_object());
}

TEST_F(Insight, TheWatchdogLosesNoStatsAndNoTrace) {
  const Outcome outcome = run_program({"-W", "timeout=100ms", "--stats", "--trace", path("trace.json"), "--profile",
                                       "guest," + path("profile.json"), blocks_},
                                      {.input_stays_open = true, .bound = std::chrono::seconds(60)});
  EXPECT_EQ(outcome.exit_code, kTrap) << outcome;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("timeout"), ContainsRegex("sync +1"), HasSubstr("profile is lost")));
  EXPECT_THAT(json::parse(read_file(path("trace.json"))).dump(), HasSubstr("sync"));
}

TEST_F(Insight, WithoutStandardErrorTheRunIsTheSame) {
  const std::string command = R"("$0" -C cache=n -G max-buffers=1 --stats --profile guest,/dev/null "$1" 2>&-)";
  EXPECT_EQ(run_process({"/bin/sh", "-c", command, WGH_PROGRAM, buffers_}).exit_code, 12);
  EXPECT_EQ(run_process({"/bin/sh", "-c", command, WGH_PROGRAM, trap_}).exit_code, kTrap);
  const std::string short_time = R"("$0" -C cache=n -W timeout=100ms --stats "$1" 2>&-)";
  EXPECT_EQ(run_process({"/bin/sh", "-c", short_time, WGH_PROGRAM, blocks_}, {.input_stays_open = true}).exit_code,
            kTrap);
}

TEST_F(Insight, AGuestProfileIsJsonAndItsPlaceIsNamed) {
  const Outcome outcome =
      run_program({"--profile", "guest", "--", guest("wit_bindgen_c")}, {.folder = folder_.path().string()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("wasmtime-guest-profile.json"));
  EXPECT_TRUE(json::parse(read_file(path("wasmtime-guest-profile.json"))).is_object());
}

TEST_F(Insight, AGuestProfileHasSamples) {
  const std::string loop = folder_.add("loop.wat", kLoopWat);
  const Outcome outcome =
      run_program({"-W", "timeout=500ms", "--profile", "guest," + path("profile.json") + ",1ms", loop});
  EXPECT_EQ(outcome.exit_code, kTrap) << outcome;
  const json profile = json::parse(read_file(path("profile.json")));
  EXPECT_GT(profile.at("threads").at(0).at("samples").at("length"), 1) << profile.dump().substr(0, 1000);
}

// Runs a program as the shell's own process, whose id perf's files are named after.
TEST_F(Insight, ProfilesForPerf) {
  const std::string hello = folder_.add("hello.wat", kHelloWat);
  const std::vector<std::pair<std::string, std::string>> kinds{{"perfmap", "/tmp/perf-PID.map"},
                                                               {"jitdump", path("jit-PID.dump")}};
  for (const auto& [kind, file] : kinds) {
    const Outcome outcome =
        run_process({"/bin/sh", "-c", R"(echo $$; exec "$0" -C cache=n --profile "$1" "$2")", WGH_PROGRAM, kind, hello},
                    {.folder = folder_.path().string()});
    EXPECT_THAT(outcome.out, testing::EndsWith("\nhello\n")) << outcome;
    EXPECT_EQ(outcome.err, "");
    std::string written = file;
    written.replace(written.find("PID"), 3, outcome.out.substr(0, outcome.out.find('\n')));
    EXPECT_GT(std::filesystem::file_size(written), 0U);
    std::filesystem::remove(written);
  }
}

TEST_F(Insight, ProfilesThatAreNone) {
  for (const char* kind : {"", "vtune", "guest,", "guest,x,0", "guest,x,soon", "guest,x,1ns", "guest,x,1ms,y"}) {
    const Outcome outcome = run_program({"--profile", kind, buffers_});
    EXPECT_EQ(outcome.exit_code, kUsageError) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("--profile"));
  }
}

}  // namespace
}  // namespace gpu_host::e2e
