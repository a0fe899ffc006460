// The program on the webgpu backend, and on machines that lack a part of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include "common/require_backend.hpp"
#include "e2e/devices.hpp"
#include "e2e/wasm_ml.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

const ProcessOptions kNoLibrary{.env = {{"WGPU_NATIVE_LIBRARY", "/nonexistent"}}};
const ProcessOptions kNoDriver{.env = {{"VK_DRIVER_FILES", "/nonexistent"}, {"VK_ICD_FILENAMES", "/nonexistent"}}};

// Needs a device of the backend. Nothing is said of standard error where a run
// succeeds: drivers write there.
class WebGpu : public testing::Test {
 protected:
  void SetUp() override {
    static const std::string kReason = reason_against("webgpu");
    if (!kReason.empty()) test::skip_without("webgpu", kReason);
  }

  static Outcome run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--backend", "webgpu"});
    return run_program(arguments);
  }
};

TEST_F(WebGpu, AdaptersAreListedWithTypeDriverAndLimits) {
  const std::string lines = run_program({"devices"}).out;
  for (const auto& entry : listed_devices()) {
    if (entry.at("backend") != "webgpu" || !entry.at("usable").get<bool>()) continue;
    EXPECT_TRUE(entry.at("total_memory").is_null()) << "WebGPU does not tell";
    EXPECT_THAT(lines, HasSubstr(entry.at("name").get<std::string>() + ", memory unknown, "));
    const auto details = entry.at("details").get<std::string>();
    EXPECT_THAT(lines, HasSubstr(", " + details + "\n"));
    const bool is_hardware = entry.at("is_hardware").get<bool>();
    EXPECT_THAT(details, HasSubstr(is_hardware ? "GPU, driver " : "software, driver "));
    EXPECT_THAT(details, testing::ContainsRegex("buffers up to [0-9]+ MiB, bindings up to [0-9]+ MiB"));
  }
}

TEST_F(WebGpu, RunsEveryGuest) {
  const struct {
    std::vector<std::string> arguments;
    std::string says;
  } guests[] = {{{guest("wit_bindgen_c")}, "wit-bindgen c"},
                {{guest("rust")}, "rust"},
                {{"-G", "abi=legacy", guest("legacy_c")}, "legacy c"},
                {{guest("static_objects")}, "static objects"}};
  for (const auto& [arguments, says] : guests) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.out, HasSubstr(says + " guest: ok\n"));
  }
  EXPECT_THAT(run({guest("wit_bindgen_c")}).out, HasSubstr("backend webgpu\n"));
}

TEST_F(WebGpu, ServesTheDeviceThatIsNamed) {
  const Outcome first = run({"--device", "0", guest("wit_bindgen_c")});
  EXPECT_EQ(first.exit_code, 0) << first;
  const Outcome missing = run({"--device", "7", guest("wit_bindgen_c")});
  EXPECT_EQ(missing.exit_code, kHostError) << missing;
  EXPECT_THAT(missing.err, HasSubstr("device 7 of backend 'webgpu' does not exist"));
  EXPECT_EQ(missing.out, "");
}

// Software is for tests: the cpu backend is faster.
TEST_F(WebGpu, IsNotChosenForSoftware) {
  bool any_hardware = false;
  for (const auto& entry : listed_devices()) {
    any_hardware |= entry.at("usable").get<bool>() && entry.at("is_hardware").get<bool>();
  }
  const Outcome outcome = run_program({guest("wit_bindgen_c")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.out.find("backend cpu\n") == std::string::npos, any_hardware) << outcome;
}

TEST_F(WebGpu, WithoutADriverSaysWhatToInstall) {
  constexpr const char* kSays = "Vulkan lists no device: install a driver";
  EXPECT_THAT(reason_against("webgpu", kNoDriver), HasSubstr(kSays));
  const Outcome named = run_program({"--backend", "webgpu", guest("wit_bindgen_c")}, kNoDriver);
  EXPECT_EQ(named.exit_code, kHostError) << named;
  EXPECT_THAT(named.err, HasSubstr(kSays));
  const Outcome any = run_program({guest("wit_bindgen_c")}, kNoDriver);
  EXPECT_EQ(any.exit_code, 0) << any;
}

// The library aborts where the device fails while work is submitted (tests/webgpu/shim.cpp).
TEST_F(WebGpu, ADeviceThatFailsInASubmissionEndsTheProgramWithAnError) {
  const ProcessOptions failing{.env = {{"WGPU_NATIVE_LIBRARY", WGH_SHIM}, {"WGH_SHIM_LOSES_DEVICE", "1"}}};
  const Outcome outcome = run_program({"--backend", "webgpu", guest("wit_bindgen_c")}, failing);
  EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("error: the device failed"));
}

// On any machine.
TEST(WebGpuLibrary, ThatIsMissingIsNamed) {
  constexpr const char* kSays = "libwgpu_native.so cannot be opened: /nonexistent";
  EXPECT_THAT(reason_against("webgpu", kNoLibrary), HasSubstr(kSays));
  EXPECT_THAT(run_program({"devices"}, kNoLibrary).out, HasSubstr(kSays));
  const Outcome named = run_program({"--backend", "webgpu", guest("wit_bindgen_c")}, kNoLibrary);
  EXPECT_EQ(named.exit_code, kHostError) << named;
  EXPECT_THAT(named.err, HasSubstr(kSays));
  const Outcome any = run_program({guest("wit_bindgen_c")}, kNoLibrary);
  EXPECT_EQ(any.exit_code, 0) << any;
}

// Works without end on two matrices of 256 KiB, and waits for each result.
constexpr std::string_view kMultiplyWat = R"((module
  (import "wasi:gpu/compute@0.1.0" "buffer-create" (func $create (param i64 i32 i32)))
  (import "wasi:gpu/compute@0.1.0" "sync" (func $sync))
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-matmul"
    (func $matmul (param i32 i32 i32 i32 i32 f32 f32 i32 i32 i32 i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func $begin
    (call $create (i64.const 16777216) (i32.const 0) (i32.const 0))
    (call $create (i64.const 16777216) (i32.const 0) (i32.const 0)))
  (func $multiply (param $n i32)
    (call $matmul (local.get $n) (local.get $n) (local.get $n) (i32.const 0) (i32.const 0) (f32.const 1) (f32.const 0)
      (i32.const 1) (i32.const 1) (i32.const 2) (i32.const 0)))
  (func (export "_start") (call $begin) (loop $again (call $multiply (i32.const 512)) (call $sync) (br $again)))
  (func (export "queue") (call $begin) (loop $again (call $multiply (i32.const 512)) (br $again)))
  (func (export "large") (call $begin) (loop $again (call $multiply (i32.const 2048)) (br $again)))
  (func (export "exit") (call $begin) (call $multiply (i32.const 1024)) (call $exit (i32.const 5)))
  (func (export "trap") (call $begin) (call $multiply (i32.const 1024)) unreachable))
)";

TEST_F(WebGpu, LimitsOfTimeEndWhatTheDeviceWorksOn) {
  const TempFolder folder;
  const std::string module = folder.add("multiply.wat", kMultiplyWat);
  for (const std::string backend : {"cpu", "webgpu"}) {
    for (const char* work : {"_start", "queue", "large"}) {
      const Outcome timeout = run_program({"--backend", backend, "-W", "timeout=300ms", "--invoke", work, module});
      EXPECT_EQ(timeout.exit_code, kTrap) << backend << timeout;
      EXPECT_THAT(timeout.err, HasSubstr("timeout"));
      const Outcome gpu_time = run_program({"--backend", backend, "-G", "timeout=100ms", "--invoke", work, module});
      EXPECT_EQ(gpu_time.exit_code, kTrap) << backend << gpu_time;
      EXPECT_THAT(gpu_time.err, HasSubstr("GPU time"));
    }
  }
}

TEST_F(WebGpu, AGuestMayEndWhileTheDeviceWorks) {
  const TempFolder folder;
  const std::string module = folder.add("multiply.wat", kMultiplyWat);
  EXPECT_EQ(run({"--invoke", "exit", module}).exit_code, 5);
  const Outcome trap = run({"--invoke", "trap", module});
  EXPECT_EQ(trap.exit_code, kTrap) << trap;
  EXPECT_THAT(trap.err, HasSubstr("unreachable"));
}

nlohmann::json bench(const std::string& backend) {
  const TempFolder folder;
  const Outcome outcome = wasm_ml_with(
      {"--backend", backend}, WGH_WASM_ML_0_1, folder,
      {"bench", "--train", "/data/diabetes_train.csv", "--test", "/data/diabetes_test.csv", "--trees", "20"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  return nlohmann::json::parse(outcome.out.substr(outcome.out.rfind('\n', outcome.out.size() - 2) + 1));
}

// By the same kernels. Where two splits are as good as equal, rounding decides: the forests differ a little.
TEST_F(WebGpu, TheDemoIsAsGoodAsOnTheCpu) {
  const auto cpu = bench("cpu");
  const auto webgpu = bench("webgpu");
  EXPECT_EQ(webgpu.at("gpu_backend"), "webgpu");
  EXPECT_NEAR(webgpu.at("r2").get<double>(), cpu.at("r2").get<double>(), 0.02);
  EXPECT_NEAR(webgpu.at("mse").get<double>() / cpu.at("mse").get<double>(), 1, 0.02);
}

std::vector<double> predictions(const TempFolder& folder, const std::string& backend) {
  const Outcome outcome =
      wasm_ml(folder, {"predict", "--model", "model", "--data", "/data/diabetes_test.csv"}, backend);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  std::istringstream lines(outcome.out);
  std::string line;
  std::getline(lines, line);
  std::vector<double> values;
  while (std::getline(lines, line)) values.push_back(std::stod(line));
  return values;
}

TEST_F(WebGpu, PredictsWhatTheCpuDoes) {
  const TempFolder folder;
  ASSERT_EQ(train(folder, "model", "42", "webgpu").exit_code, 0);
  ASSERT_EQ(train(folder, "again", "42", "webgpu").exit_code, 0);
  EXPECT_EQ(read_file(folder.path() / "model"), read_file(folder.path() / "again")) << "one seed, one model";
  const auto cpu = predictions(folder, "cpu");
  const auto webgpu = predictions(folder, "webgpu");
  ASSERT_EQ(webgpu.size(), cpu.size());
  ASSERT_FALSE(cpu.empty());
  // Means of positive numbers, printed with six digits.
  for (std::size_t i = 0; i < cpu.size(); ++i) EXPECT_NEAR(webgpu[i], cpu[i], 1e-5 * std::abs(cpu[i])) << "row " << i;
}

}  // namespace
}  // namespace gpu_host::e2e
