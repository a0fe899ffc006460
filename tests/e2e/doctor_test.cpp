// What `doctor` says of machines with one fault each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "e2e/devices.hpp"
#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using Environment = std::vector<std::pair<std::string, std::string>>;

struct Said {
  std::string verdict;  // "": nothing was said
  std::string found;
  std::string remedy;
};

// Of what is said of the subject, the worst. Where a backend is named, only its devices are tried: that is faster.
Said said_of(const std::string& subject, const ProcessOptions& options, std::optional<int> exit_code,
             const std::string& backend = {}) {
  std::vector<std::string> arguments{"doctor", "--json"};
  if (!backend.empty()) arguments.insert(arguments.end(), {"--backend", backend});
  const Outcome outcome = run_program(arguments, options);
  EXPECT_EQ(outcome.exit_code, exit_code.value_or(outcome.exit_code)) << outcome;
  Said said;
  for (const auto& finding : nlohmann::json::parse(outcome.out)) {
    const bool is_worse = said.verdict.empty() || finding.at("verdict") == "fault";
    if (finding.at("subject") == subject && is_worse) {
      said = {finding.at("verdict"), finding.at("found"), finding.at("remedy")};
    }
  }
  return said;
}

void expect_fault(const std::string& subject, const Environment& environment,
                  const testing::Matcher<std::string>& found, const testing::Matcher<std::string>& remedy,
                  const std::string& backend = "cpu") {
  const Said said = said_of(subject, {.env = environment}, kHostError, backend);
  EXPECT_EQ(said.verdict, "fault") << subject << ": " << said.found;
  EXPECT_THAT(said.found, found);
  EXPECT_THAT(said.remedy, remedy);
}

TEST(Doctor, ExaminesTheMachine) {
  const Outcome outcome = run_program({"doctor"});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("good   program        wasmtime-gpu-host "),
                                 HasSubstr("good   sandbox        runs a module\n"), HasSubstr("memory  "),
                                 HasSubstr("good   cpu 0  "), HasSubstr(": computes all kernels\n"),
                                 HasSubstr("good   a run takes    ")));
  EXPECT_EQ(outcome.exit_code, outcome.out.contains("fault  ") ? kHostError : 0) << outcome;
}

TEST(Doctor, ComparesEveryDeviceWithTheCpu) {
  const auto findings = nlohmann::json::parse(run_program({"doctor", "--json"}).out);
  for (const auto& entry : listed_devices()) {
    if (!entry.at("usable").get<bool>()) continue;
    const std::string subject =
        entry.at("backend").get<std::string>() + " " + std::to_string(entry.at("device").get<int>());
    std::string found;
    for (const auto& finding : findings) {
      if (finding.at("subject") == subject) found = finding.at("found");
    }
    EXPECT_THAT(found, AllOf(HasSubstr(entry.at("name").get<std::string>()), HasSubstr(": computes "))) << subject;
  }
}

TEST(Doctor, SaysWhatTheEnvironmentNamesWrongly) {
  expect_fault("environment", {{"WASMTIME_GPU_HOST_BACKEND", "metal"}}, HasSubstr("'metal'"),
               "unset WASMTIME_GPU_HOST_BACKEND");
  expect_fault("environment", {{"VK_DRIVER_FILES", "/nonexistent.json"}},
               "VK_DRIVER_FILES names /nonexistent.json, which cannot be read", HasSubstr("unset VK_DRIVER_FILES"));
}

TEST(Doctor, BackendThatIsNamedAndCannotBeUsedIsAFault) {
  const Environment nowhere{{"WGPU_NATIVE_LIBRARY", "/"}};
  expect_fault("webgpu", nowhere, testing::_, Not(""), "webgpu");
  expect_fault("a run takes", nowhere, HasSubstr("'webgpu' cannot be used"), HasSubstr("name another backend"),
               "webgpu");
  const Outcome unknown = run_program({"doctor", "--backend", "metal"});
  EXPECT_EQ(unknown.exit_code, kUsageError) << unknown;
  EXPECT_THAT(unknown.err, HasSubstr("'metal' is unknown"));
  EXPECT_EQ(unknown.out, "");
}

TEST(Doctor, ContainerWithoutItsGpusIsToldTheFlag) {
  if (std::filesystem::exists("/dev/nvidiactl") || std::filesystem::exists("/dev/dxg"))
    GTEST_SKIP() << "there is a GPU";
  const Outcome outcome = run_program({guest("wit_bindgen_c")}, {.env = {{"NVIDIA_VISIBLE_DEVICES", "all"}}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("this container was given no GPU"), HasSubstr("--gpus all")));
  EXPECT_THAT(run_program({guest("wit_bindgen_c")}).err, Not(HasSubstr("--gpus all")));
}

TEST(Doctor, SaysWhichLimitIsTooLow) {
  const Outcome outcome =
      run_process({"/bin/sh", "-c", "ulimit -n 64; exec " + std::string(WGH_PROGRAM) + " doctor --backend cpu"});
  EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("fault  open files     limited to 64"), HasSubstr("-> ulimit -n 1024; ")));
}

TEST(Doctor, FindingsThatCannotBePrintedAreAnError) {
  const Outcome outcome = run_process({"/bin/sh", "-c", std::string(WGH_PROGRAM) + " doctor --backend cpu >/dev/full"});
  EXPECT_EQ(outcome.exit_code, kHostError);
  EXPECT_THAT(outcome.err, HasSubstr("standard output"));
}

TEST(Doctor, TakesNoArguments) {
  const Outcome outcome = run_program({"doctor", "me"});
  EXPECT_EQ(outcome.exit_code, kUsageError) << outcome;
  EXPECT_THAT(run_program({"doctor", "--help"}).out, HasSubstr("Prints causes and remedies"));
}

#ifdef WGH_FAKE_CUDA
constexpr const char* kPath = "WASMTIME_GPU_HOST_CUDA_PATH";

Environment with(Environment environment) {
  environment.emplace_back(kPath, WGH_FAKE_CUDA);
  return environment;
}

TEST(DoctorOfCuda, ComparesItsKernels) {
  const Said said = said_of("cuda 0", {.env = with({})}, {}, "cuda");
  EXPECT_EQ(said.verdict, "good") << said.found;
  EXPECT_EQ(said.found, "Fake GPU 0: computes what the CPU does");
}

TEST(DoctorOfCuda, SaysWhatIsWrongWithTheDriver) {
  const struct {
    const char* name;
    const char* value;
    const char* found;
    const char* remedy;
  } faults[] = {
      {"FAKE_CUDA_DRIVER_VERSION", "11080", "this build needs 12.0", "install driver 525 or later"},
      {"FAKE_CUDA_INIT", "803", "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "restart the machine"},
      {"FAKE_CUDA_INIT", "802", "CUDA_ERROR_SYSTEM_NOT_READY", "nvidia-fabricmanager"},
      {"FAKE_CUDA_INIT", "999", "CUDA_ERROR_UNKNOWN", "nvidia-modprobe"},
      {"FAKE_CUDA_CAPABILITY", "75", "compute capability 7.5", "--backend webgpu"},
      {"FAKE_CUDA_POOLS", "0", "no memory pools", "--backend webgpu"},
      {"FAKE_CUDA_COMPUTE_MODE", "2", "prohibited", "nvidia-smi -c DEFAULT"},
  };
  for (const auto& [name, value, found, remedy] : faults) {
    expect_fault("cuda", with({{name, value}}), HasSubstr(found), HasSubstr(remedy), "cuda");
  }
}

// The fake is hardware, for the program.
TEST(DoctorOfCuda, WhatAnotherBackendLacksIsNoFaultWhereTheGpuWorks) {
  const Said said = said_of("webgpu", {.env = with({{"WGPU_NATIVE_LIBRARY", "/"}})}, {});
  EXPECT_EQ(said.verdict, "note") << said.found;
}

TEST(DoctorOfCuda, MachineWithoutAGpuIsNotAtFault) {
  if (std::filesystem::exists("/dev/nvidia0")) GTEST_SKIP() << "there is one";
  const Said said = said_of("cuda", {.env = with({{"FAKE_CUDA_INIT", "100"}})}, {});
  EXPECT_EQ(said.verdict, "note");
  EXPECT_THAT(said.found, HasSubstr("CUDA_ERROR_NO_DEVICE"));
}

TEST(DoctorOfCuda, LibraryThatIsBrokenIsNamed) {
  const TempFolder folder;
  std::filesystem::create_symlink(std::filesystem::path(WGH_FAKE_CUDA) / "libcuda.so.1",
                                  folder.path() / "libcuda.so.1");
  folder.add("libcublas.so.12", "not a library");
  const Environment environment{{kPath, folder.path().string()}};
  const Said said = said_of("cuda 0", {.env = environment}, {}, "cuda");
  EXPECT_EQ(said.verdict, "note") << said.found;
  EXPECT_THAT(said.found, AllOf(HasSubstr("no matmul, all else computes"), HasSubstr("libcublas.so.12")));
  EXPECT_THAT(said.remedy, HasSubstr("pip install nvidia-cublas-cu12"));
  const TempFolder broken;
  broken.add("libcuda.so.1", "not a library");
  expect_fault("cuda", {{kPath, broken.path().string()}}, HasSubstr("libcuda.so.1 cannot be opened"),
               HasSubstr("install the driver again"), "cuda");
}

TEST(DoctorOfCuda, DeviceThatFailsIsAFault) {
  expect_fault("cuda 0", with({{"FAKE_CUDA_FAIL", "LaunchKernel:700:1"}}), HasSubstr("fails: "), Not(""), "cuda");
}
#endif

#ifdef WGH_SHIM
TEST(DoctorOfWebgpu, LibraryThatIsNotThereIsAFault) {
  const Said said = said_of("webgpu", {.env = {{"WGPU_NATIVE_LIBRARY", "/nonexistent"}}}, kHostError);
  EXPECT_EQ(said.verdict, "fault");
  EXPECT_THAT(said.found, HasSubstr("libwgpu_native.so cannot be opened"));
  EXPECT_THAT(said.remedy, HasSubstr("WGPU_NATIVE_LIBRARY"));
}
#endif

}  // namespace
}  // namespace gpu_host::e2e
