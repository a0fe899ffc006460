// Which backend serves a module, and what happens when the named one cannot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/devices.hpp"
#include "e2e/files.hpp"
#include "e2e/program.hpp"

namespace gpu_host::e2e {
namespace {

using testing::HasSubstr;

constexpr const char* kVariable = "WASMTIME_GPU_HOST_BACKEND";

void expect_refused(const Outcome& outcome, const std::string& culprit, int exit_code = kHostError) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr(culprit));
  EXPECT_THAT(outcome.err, HasSubstr("cpu"));  // what there is
  EXPECT_EQ(outcome.out, "");                  // the guest has not begun
}

TEST(BackendChoice, ANamedBackendServesOrFailsAtOnce) {
  for (const std::string backend : {"cpu", "cuda", "webgpu"}) {
    const std::string reason = reason_against(backend);
    const Outcome outcome = run_program({"--backend", backend, guest("wit_bindgen_c")});
    if (reason.empty()) {
      EXPECT_EQ(outcome.exit_code, 0) << outcome;
      EXPECT_THAT(outcome.out, HasSubstr("backend " + backend + "\n"));
    } else {
      expect_refused(outcome, backend);
      EXPECT_THAT(outcome.err, HasSubstr(reason));
    }
  }
}

TEST(BackendChoice, AnUnknownBackend) {
  expect_refused(run_program({"--backend", "nosuch", guest("wit_bindgen_c")}), "nosuch", kUsageError);
}

TEST(BackendChoice, AnUnknownDevice) {
  expect_refused(run_program({"--backend", "cpu", "--device", "7", guest("wit_bindgen_c")}), "device 7");
  const Outcome first = run_program({"--backend", "cpu", "--device", "0", guest("wit_bindgen_c")});
  EXPECT_EQ(first.exit_code, 0) << first;
}

TEST(BackendChoice, ByTheEnvironment) {
  expect_refused(run_program({guest("wit_bindgen_c")}, {.env = {{kVariable, "nosuch"}}}), kVariable, kUsageError);
  const Outcome named = run_program({guest("wit_bindgen_c")}, {.env = {{kVariable, "cpu"}}});
  EXPECT_EQ(named.exit_code, 0) << named;
  EXPECT_THAT(named.out, HasSubstr("backend cpu\n"));
}

TEST(BackendChoice, TheOptionCountsMoreThanTheEnvironment) {
  const Outcome outcome = run_program({"--backend", "cpu", guest("wit_bindgen_c")}, {.env = {{kVariable, "nosuch"}}});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
}

TEST(BackendChoice, AModuleWithoutWasiGpuRunsAnyway) {
  const TempFolder folder;
  const std::string module = folder.add("hello.wat", kHelloWat);
  for (const std::string backend : {"cuda", "webgpu"}) {
    const Outcome outcome = run_program({"--backend", backend, "--device", "7", module}, {.env = {{kVariable, "x"}}});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(outcome.out, "hello\n");
  }
  // But a name that no backend has is wrong for any module.
  EXPECT_EQ(run_program({"--backend", "nosuch", module}).exit_code, kUsageError);
  EXPECT_EQ(run_program({module}, {.env = {{kVariable, "nosuch"}}}).exit_code, kUsageError);
}

}  // namespace
}  // namespace gpu_host::e2e
