// The program on the cuda backend with the fake driver (tests/cuda/fake), and where a part of CUDA is missing or
// broken.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "e2e/devices.hpp"
#include "e2e/wasm_ml.hpp"

namespace gpu_host::e2e {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Environment = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kPath = "WASMTIME_GPU_HOST_CUDA_PATH";
constexpr const char* kVisible = "CUDA_VISIBLE_DEVICES";
constexpr const char* kDriver = "libcuda.so.1";
constexpr const char* kBlas = "libcublas.so.12";
constexpr const char* kRandom = "libcurand.so.10";

// Each function exits with what its calls ended with (0, or 1 + the error), a digit each.
constexpr std::string_view kGpuWat = R"((module
  (import "wasi:gpu/compute@0.1.0" "get-device-info" (func $device (param i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-create" (func $create (param i64 i32 i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-write" (func $write (param i32 i64 i32 i32 i32)))
  (import "wasi:gpu/compute@0.1.0" "buffer-read" (func $read (param i32 i64 i32 i32)))
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-reduce" (func $reduce (param i32 i32 i32 i32 i32)))
  (import "wasi:gpu/ml-kernels@0.1.0" "kernel-matmul"
    (func $matmul (param i32 i32 i32 i32 i32 f32 f32 i32 i32 i32 i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $print (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "\00\08\80\3f\00\00\80\3f")  ;; 1 + 2^-12, which TF32 rounds to 1, and 1
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.set $free (i32.add (global.get $free) (local.get 3)))
    (i32.sub (global.get $free) (local.get 3)))
  (func $outcome (param $at i32) (result i32)
    (if (result i32) (i32.load8_u (local.get $at))
      (then (i32.add (i32.const 1) (i32.load8_u offset=4 (local.get $at)))) (else (i32.const 0))))
  (func $begin
    (call $create (i64.const 4) (i32.const 0) (i32.const 0))
    (call $create (i64.const 4) (i32.const 0) (i32.const 0))
    (call $create (i64.const 4) (i32.const 0) (i32.const 0))
    (call $write (i32.const 1) (i64.const 0) (i32.const 64) (i32.const 4) (i32.const 0))
    (call $write (i32.const 2) (i64.const 0) (i32.const 68) (i32.const 4) (i32.const 0)))
  (func $multiply
    (call $matmul (i32.const 1) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 0) (f32.const 1) (f32.const 0)
      (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 16)))
  (func $sum (call $reduce (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 3) (i32.const 32)))
  (func $get (call $read (i32.const 3) (i64.const 0) (i32.const 4) (i32.const 48)))
  ;; The device's name, its backend and compute capability; exits with its memory in MiB.
  (func (export "device")
    (call $device (i32.const 256))
    (drop (call $print (i32.const 1) (i32.const 256) (i32.const 1) (i32.const 8)))
    (drop (call $print (i32.const 1) (i32.const 264) (i32.const 1) (i32.const 8)))
    (drop (call $print (i32.const 1) (i32.const 284) (i32.const 1) (i32.const 8)))
    (call $exit (i32.wrap_i64 (i64.shr_u (i64.load (i32.const 272)) (i64.const 20)))))
  ;; A matmul, then a reduce and a read.
  (func (export "work")
    (call $begin) (call $multiply) (call $sum) (call $get)
    (call $exit (i32.add (i32.mul (i32.const 10) (call $outcome (i32.const 16)))
      (i32.add (call $outcome (i32.const 32)) (call $outcome (i32.const 48))))))
  ;; Whether matmul kept every bit of (1 + 2^-12) * 1; else 1 where it rounded that to 1, 2 where it failed.
  (func (export "precision")
    (call $begin) (call $multiply) (call $get)
    (if (call $outcome (i32.const 48)) (then (call $exit (i32.const 2))))
    (if (i32.eq (i32.load (i32.load (i32.const 52))) (i32.load (i32.const 68))) (then (call $exit (i32.const 1))))
    (call $exit (i32.shl (i32.ne (i32.load (i32.load (i32.const 52))) (i32.load (i32.const 64))) (i32.const 1)))))
)";
constexpr int kUnavailable = 4;  // a digit of the above: 1 + device-unavailable

// A library of this machine without any function of CUDA.
std::string some_library() {
  void* const library = dlopen("libm.so.6", RTLD_NOW);
  link_map* map = nullptr;
  if (library == nullptr || dlinfo(library, RTLD_DI_LINKMAP, static_cast<void*>(&map)) != 0) return "";
  std::string path = map->l_name;
  dlclose(library);
  return path;
}

// A folder in which the program looks first.
class Libraries {
 public:
  explicit Libraries(std::initializer_list<const char*> fakes) {
    for (const char* const name : fakes) link(name, std::filesystem::path(WGH_FAKE_CUDA) / name);
  }
  void link(const std::string& name, const std::filesystem::path& to) const {
    std::filesystem::create_symlink(to, folder_.path() / name);
  }
  [[nodiscard]] const TempFolder& folder() const { return folder_; }
  [[nodiscard]] ProcessOptions options() const { return {.env = {{kPath, folder_.path().string()}}}; }

 private:
  TempFolder folder_;
};

// Where the variable's folder lacks the library: the path of the one that this machine has elsewhere, which serves
// instead. Empty: none.
std::string opened_instead(const std::string& name, const ProcessOptions& options) {
  const std::string log = run_program({"devices", "-vv"}, options).err;
  constexpr std::string_view kSays = "cuda: opened ";
  for (auto at = log.find(kSays); at != std::string::npos; at = log.find(kSays, at + 1)) {
    const std::string path = log.substr(at + kSays.size(), log.find('\n', at) - at - kSays.size());
    if (path.ends_with(name)) return path;
  }
  return "";
}

class Cuda : public testing::Test {
 protected:
  static void SetUpTestSuite() { unsetenv(kVisible); }

  static ProcessOptions with(Environment environment) {
    environment.emplace_back(kPath, WGH_FAKE_CUDA);
    return {.env = std::move(environment)};
  }

  [[nodiscard]] Outcome call(const std::string& function, const ProcessOptions& options,
                             std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), {"--backend", "cuda"});
    arguments.insert(arguments.end(), {"--invoke", function, gpu_});
    return run_program(arguments, options);
  }
  // What a guest reads of its device.
  [[nodiscard]] std::string device_of(const ProcessOptions& options, const std::vector<std::string>& arguments) const {
    return call("device", options, arguments).out;
  }
  static std::vector<std::string> names(const ProcessOptions& options) {
    std::vector<std::string> names;
    for (const auto& entry : listed_devices(options)) {
      if (entry.at("backend") == "cuda" && entry.at("usable").get<bool>()) names.push_back(entry.at("name"));
    }
    return names;
  }

  // The backend is refused in these words, by `devices` and where it is named; the others go on.
  static void expect_refused(const testing::Matcher<std::string>& says, const ProcessOptions& options) {
    const Outcome devices = run_program({"devices"}, options);
    EXPECT_EQ(devices.exit_code, 0) << devices;
    EXPECT_THAT(devices.out, AllOf(HasSubstr("cuda    -   not usable  "), says));
    EXPECT_THAT(reason_against("cuda", options), says);
    const Outcome named = run_program({"--backend", "cuda", guest("wit_bindgen_c")}, options);
    EXPECT_EQ(named.exit_code, kHostError) << named;
    EXPECT_THAT(named.err, says);
    EXPECT_EQ(named.out, "");
    for (const std::vector<std::string>& backend : {std::vector<std::string>{}, {"--backend", "cpu"}}) {
      std::vector<std::string> arguments = backend;
      arguments.push_back(guest("wit_bindgen_c"));
      const Outcome other = run_program(arguments, options);
      EXPECT_EQ(other.exit_code, 0) << other;
    }
  }

  TempFolder folder_;
  std::string gpu_ = folder_.add("gpu.wat", kGpuWat);
};

TEST_F(Cuda, WithoutADriverSaysWhatToInstall) {
  const Libraries none({});
  if (const auto path = opened_instead(kDriver, none.options()); !path.empty()) GTEST_SKIP() << "there is " << path;
  expect_refused(AllOf(HasSubstr("libcuda.so.1 was not found"), HasSubstr(kPath),
                       HasSubstr("install NVIDIA's driver, 525 or later"), HasSubstr("--gpus all")),
                 none.options());
  EXPECT_EQ(reason_against("webgpu", none.options()), reason_against("webgpu"));
}

TEST_F(Cuda, DriverThatIsNoLibraryIsNamed) {
  const Libraries text({});
  text.folder().add(kDriver, "not a library");
  const Libraries empty({});
  empty.folder().add(kDriver, "");
  const Libraries folder({});
  std::filesystem::create_directory(folder.folder().path() / kDriver);
  const Libraries nowhere({});
  nowhere.link(kDriver, "removed.so");
  if (const auto path = opened_instead(kDriver, text.options()); !path.empty()) GTEST_SKIP() << "there is " << path;
  for (const Libraries* const broken : {&text, &empty, &folder}) {
    expect_refused(AllOf(HasSubstr("libcuda.so.1 cannot be opened: "), HasSubstr(broken->folder().path().string()),
                         HasSubstr("install NVIDIA's driver")),
                   broken->options());
  }
  expect_refused(HasSubstr("libcuda.so.1 was not found"), nowhere.options());
}

TEST_F(Cuda, DriverWithoutItsFunctionsIsRefused) {
  const Libraries libraries({});
  libraries.link(kDriver, some_library());
  expect_refused(HasSubstr("libcuda.so.1 has no function cuCtxCreate_v2: install driver 525 or later"),
                 libraries.options());
}

TEST_F(Cuda, DriverThatDoesNotStartSaysWhy) {
  const std::pair<const char*, const char*> errors[] = {{"100", "CUDA_ERROR_NO_DEVICE: "},
                                                        {"802", "CUDA_ERROR_SYSTEM_NOT_READY: "},
                                                        {"999", "CUDA_ERROR_UNKNOWN: "},
                                                        {"803", "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH: "},
                                                        {"998", "CUDA error 998; see whether"}};
  for (const auto& [error, says] : errors) {
    expect_refused(AllOf(HasSubstr(std::string("NVIDIA's driver does not start: ") + says), HasSubstr("nvidia-smi")),
                   with({{"FAKE_CUDA_INIT", error}}));
  }
}

TEST_F(Cuda, DriverThatCannotListItsDevicesSaysWhy) {
  expect_refused(HasSubstr("NVIDIA's driver cannot list its devices: CUDA_ERROR_UNKNOWN"),
                 with({{"FAKE_CUDA_FAIL", "DeviceGetCount:999:1"}}));
  for (const std::string function : {"DeviceGet", "DeviceGetName", "DeviceTotalMem_v2"}) {
    expect_refused(HasSubstr("CUDA_ERROR_UNKNOWN"), with({{"FAKE_CUDA_FAIL", function + ":999:1"}}));
  }
}

TEST_F(Cuda, DriverThatIsTooOldIsNamedWithTheOneThatIsNeeded) {
  expect_refused(HasSubstr("NVIDIA's driver supports CUDA 11.8, this build needs 12.0: install driver 525 or later"),
                 with({{"FAKE_CUDA_DRIVER_VERSION", "11080"}}));
  EXPECT_EQ(reason_against("cuda", with({{"FAKE_CUDA_DRIVER_VERSION", "12000"}})), "");
}

TEST_F(Cuda, WithoutCublasOnlyMatmulIsMissing) {
  const Libraries libraries({kDriver, kRandom});
  const ProcessOptions options = libraries.options();
  if (const auto path = opened_instead(kBlas, options); !path.empty()) GTEST_SKIP() << "there is " << path;
  EXPECT_THAT(run_program({"devices"}, options).out,
              AllOf(HasSubstr("cuda    0   usable      Fake GPU 0"), HasSubstr("; no matmul: libcublas.so.12"),
                    HasSubstr("was not found in"), HasSubstr("pip install nvidia-cublas-cu12")));
  EXPECT_EQ(reason_against("cuda", options), "");
  EXPECT_EQ(call("work", options).exit_code, 10 * kUnavailable);

  libraries.folder().add(kBlas, "not a library");
  EXPECT_THAT(run_program({"devices"}, options).out,
              AllOf(HasSubstr("; no matmul: libcublas.so.12"), HasSubstr("cannot be opened: "),
                    HasSubstr(libraries.folder().path().string()), HasSubstr("pip install nvidia-cublas-cu12")));
  EXPECT_EQ(call("work", options).exit_code, 10 * kUnavailable);
}

TEST_F(Cuda, Cublas13ServesWithADriverForIt) {
  const Libraries libraries({kDriver});
  libraries.link("libcublas.so.13", std::filesystem::path(WGH_FAKE_CUDA) / kBlas);
  ProcessOptions options = libraries.options();
  if (const auto path = opened_instead(kBlas, options); !path.empty()) GTEST_SKIP() << "there is " << path;
  EXPECT_EQ(call("work", options).exit_code, 10 * kUnavailable);
  options.env.emplace_back("FAKE_CUDA_DRIVER_VERSION", "13000");
  EXPECT_THAT(run_program({"devices"}, options).out, HasSubstr("Fake GPU 0, 1.0 GiB, 9.0, driver for CUDA 13.0\n"));
  EXPECT_EQ(call("work", options).exit_code, 0);
}

TEST_F(Cuda, CublasWithoutItsFunctionsIsNotUsed) {
  const Libraries libraries({kDriver, kRandom});
  libraries.link(kBlas, some_library());
  EXPECT_THAT(run_program({"devices"}, libraries.options()).out,
              HasSubstr("; no matmul: cuBLAS has no function cublasCreate_v2"));
  EXPECT_EQ(call("work", libraries.options()).exit_code, 10 * kUnavailable);
}

// No guest needs it.
TEST_F(Cuda, RunsWithoutCurand) {
  const Libraries libraries({kDriver, kBlas});
  for (const bool is_broken : {false, true}) {
    if (is_broken) libraries.folder().add(kRandom, "not a library");
    EXPECT_THAT(run_program({"devices"}, libraries.options()).out,
                HasSubstr("Fake GPU 0, 1.0 GiB, 9.0, driver for CUDA 12.4\n"));
    EXPECT_EQ(run_program({"--backend", "cuda", guest("wit_bindgen_c")}, libraries.options()).exit_code, 0);
  }
}

TEST_F(Cuda, DevicesAreListed) {
  const ProcessOptions two = with({{"FAKE_CUDA_DEVICES", "2"}, {"FAKE_CUDA_CAPABILITY", "89"}});
  EXPECT_THAT(run_program({"devices"}, two).out,
              AllOf(HasSubstr("cuda    0   usable      Fake GPU 0, 1.0 GiB, 8.9, driver for CUDA 12.4\n"),
                    HasSubstr("cuda    1   usable      Fake GPU 1, 1.0 GiB, 8.9, driver for CUDA 12.4\n")));
  EXPECT_EQ(names(two), (std::vector<std::string>{"Fake GPU 0", "Fake GPU 1"}));
}

TEST_F(Cuda, ServesTheDeviceThatIsNamed) {
  const ProcessOptions two = with({{"FAKE_CUDA_DEVICES", "2"}});
  EXPECT_EQ(device_of(two, {}), "Fake GPU 0cuda9.0");
  EXPECT_EQ(device_of(two, {"--device", "0"}), "Fake GPU 0cuda9.0");
  EXPECT_EQ(device_of(two, {"--device", "1"}), "Fake GPU 1cuda9.0");
  EXPECT_EQ(call("work", two, {"--device", "1"}).exit_code, 0);
  const Outcome missing = call("work", two, {"--device", "2"});
  EXPECT_EQ(missing.exit_code, kHostError) << missing;
  EXPECT_THAT(missing.err, HasSubstr("device 2 of backend 'cuda' does not exist; there are: cuda (device 0: usable; "
                                     "device 1: usable)"));
}

TEST_F(Cuda, VisibleDevicesAreThoseThatTheVariableLeaves) {
  const auto three = [](const char* visible) { return with({{"FAKE_CUDA_DEVICES", "3"}, {kVisible, visible}}); };
  EXPECT_EQ(names(three("1")), std::vector<std::string>{"Fake GPU 1"});
  EXPECT_EQ(names(three("2,0")), (std::vector<std::string>{"Fake GPU 2", "Fake GPU 0"}));
  EXPECT_EQ(names(three("1,7,0")), std::vector<std::string>{"Fake GPU 1"});
  EXPECT_EQ(device_of(three("2,0"), {"--device", "0"}), "Fake GPU 2cuda9.0");
  EXPECT_EQ(device_of(three("2,0"), {"--device", "1"}), "Fake GPU 0cuda9.0");
  EXPECT_EQ(call("work", three("2,0"), {"--device", "1"}).exit_code, 0);
  EXPECT_THAT(call("work", three("2"), {"--device", "1"}).err, HasSubstr("device 1 of backend 'cuda' does not exist"));
  for (const std::string none : {"", "-1", "0,0"}) {
    expect_refused(AllOf(HasSubstr("CUDA_ERROR_NO_DEVICE"), HasSubstr("CUDA_VISIBLE_DEVICES=" + none + " names")),
                   three(none.c_str()));
  }
}

TEST_F(Cuda, DevicesThatCannotServeAreRefused) {
  expect_refused(HasSubstr("Fake GPU 0 has compute capability 7.5, this build needs 8.0; try the webgpu backend"),
                 with({{"FAKE_CUDA_CAPABILITY", "75"}}));
  expect_refused(HasSubstr("Fake GPU 0 has no memory pools here"), with({{"FAKE_CUDA_POOLS", "0"}}));
  expect_refused(HasSubstr("Fake GPU 0 has the compute mode \"prohibited\"; see nvidia-smi -c"),
                 with({{"FAKE_CUDA_COMPUTE_MODE", "2"}}));
}

// The fake driver takes only code that the chip could run.
TEST_F(Cuda, EveryLaterChipHasItsKernels) {
  const std::pair<const char*, const char*> chips[] = {{"80", "8.0"}, {"86", "8.6"},   {"89", "8.9"},
                                                       {"90", "9.0"}, {"100", "10.0"}, {"121", "12.1"}};
  for (const auto& [capability, text] : chips) {
    const ProcessOptions chip = with({{"FAKE_CUDA_CAPABILITY", capability}});
    EXPECT_EQ(device_of(chip, {}), std::string("Fake GPU 0cuda") + text);
    const Outcome outcome = run_program({"--backend", "cuda", guest("wit_bindgen_c")}, chip);
    EXPECT_EQ(outcome.exit_code, 0) << text << outcome;
  }
}

TEST_F(Cuda, RunsEveryGuest) {
  const std::vector<std::vector<std::string>> guests{
      {guest("wit_bindgen_c")}, {guest("rust")}, {"-G", "abi=legacy", guest("legacy_c")}, {guest("static_objects")}};
  for (const auto& arguments : guests) {
    std::string expected;
    for (const std::string backend : {"cpu", "cuda"}) {
      std::vector<std::string> all{"--backend", backend};
      all.insert(all.end(), arguments.begin(), arguments.end());
      const Outcome outcome = run_program(all, with({}));
      EXPECT_EQ(outcome.exit_code, 0) << outcome;
      EXPECT_EQ(outcome.err, "");
      EXPECT_THAT(outcome.out, HasSubstr("guest: ok\n"));
      const std::string after_the_first_line = outcome.out.substr(outcome.out.find('\n'));  // which may name the device
      if (backend == "cpu") expected = after_the_first_line;
      EXPECT_EQ(after_the_first_line, expected);
    }
  }
}

TEST_F(Cuda, DeviceInfoIsTheDrivers) {
  const ProcessOptions small = with({{"FAKE_CUDA_MEMORY", std::to_string(100 << 20)}});
  const Outcome outcome = call("device", small);
  EXPECT_EQ(outcome.exit_code, 100) << outcome;
  EXPECT_EQ(outcome.out, "Fake GPU 0cuda9.0");
}

TEST_F(Cuda, PrecisionIsAnOption) {
  EXPECT_EQ(call("precision", with({})).exit_code, 1);
  EXPECT_EQ(call("precision", with({}), {"-G", "precision=tf32"}).exit_code, 1);
  EXPECT_EQ(call("precision", with({}), {"-G", "precision=fp32"}).exit_code, 0);
}

class CudaMemory : public Cuda {
 protected:
  [[nodiscard]] int buffers(const ProcessOptions& options, const std::string& quota) const {
    return run_program({"--backend", "cuda", "-G", "max-memory=" + quota, buffers_}, options).exit_code;
  }
  std::string buffers_ = folder_.add("buffers.wat", kBuffersWat);
};

// Beside its buffers a stream needs less than 1 KiB.
TEST_F(CudaMemory, OfTheDeviceEndsWithOutOfMemory) {
  EXPECT_EQ(buffers(with({{"FAKE_CUDA_MEMORY", "2098176"}}), "1G"), 2);
  EXPECT_EQ(buffers(with({{"FAKE_CUDA_MEMORY", "2097152"}}), "1G"), 12);
  EXPECT_EQ(buffers(with({{"FAKE_CUDA_MEMORY", "1048576"}}), "1G"), 112);
}

// The driver fails at the second buffer: its third allocation, as each stream begins with one.
TEST_F(CudaMemory, QuotaIsLookedAtBeforeTheDriverIsAsked) {
  const ProcessOptions failing = with({{"FAKE_CUDA_FAIL", "MemAllocFromPoolAsync:999:3:for-good"}});
  EXPECT_EQ(buffers(failing, "2M"), 10 * kUnavailable + 2);
  EXPECT_EQ(buffers(failing, "2097151"), 12);
}

TEST_F(Cuda, LostDeviceIsUnavailable) {
  for (const char* const fault : {"1", "1:lost"}) {
    const Outcome outcome = call("work", with({{"FAKE_CUDA_FAULT", fault}}));
    EXPECT_EQ(outcome.exit_code, kUnavailable) << outcome;
  }
}

TEST_F(Cuda, DeviceThatDoesNotOpenEndsTheRunBeforeTheGuest) {
  const ProcessOptions failing = with({{"FAKE_CUDA_FAIL", "CtxCreate_v2:999:1:for-good"}});
  EXPECT_EQ(reason_against("cuda", failing), "");
  const Outcome outcome = call("device", failing);
  EXPECT_EQ(outcome.exit_code, kHostError) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("(cuda) cannot be opened: cuCtxCreate: CUDA_ERROR_UNKNOWN"));
  EXPECT_EQ(outcome.out, "");
}

// The forest module, which is run with this process's environment.
class CudaDemo : public Cuda {
 protected:
  void SetUp() override { setenv(kPath, WGH_FAKE_CUDA, 1); }
  void TearDown() override { unsetenv(kPath); }

  // A forest so small that sanitizers have it soon.
  void train_small(const std::string& model) const {
    const Outcome outcome = wasm_ml(folder_,
                                    {"train", "--data", "/data/diabetes_train.csv", "--model", model, "--trees", "5",
                                     "--max-depth", "4", "--seed", "42"},
                                    "cuda");
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("note: this device does not grow forests itself: the 0.1.0 kernels train"));
  }
};

TEST_F(CudaDemo, IsAsOnTheCpu) {
  train_small("model");
  train_small("again");
  EXPECT_EQ(read_file(folder_.path() / "model"), read_file(folder_.path() / "again")) << "one seed, one model";
  // Which ends with the error over all rows, in seven digits.
  const std::vector<std::string> predict{"predict", "--model", "model", "--data", "/data/diabetes_test.csv"};
  const Outcome cuda = wasm_ml(folder_, predict, "cuda");
  const Outcome cpu = wasm_ml(folder_, predict, "cpu");
  EXPECT_EQ(cuda.exit_code, 0) << cuda;
  EXPECT_THAT(cpu.err, HasSubstr("MSE "));
  EXPECT_EQ(cuda.err,
            "wasm_ml: note: this device does not predict forests itself: the 0.1.0 kernels predict\n" + cpu.err);
}

}  // namespace
}  // namespace gpu_host::e2e
