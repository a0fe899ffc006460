#include "diagnosis/process_checks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>

namespace gpu_host {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

class ProcessChecks : public testing::Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  static void clear() {
    for (const char* const name : {"WASMTIME_GPU_HOST_BACKEND", "VK_DRIVER_FILES", "VK_ICD_FILENAMES",
                                   "WGPU_NATIVE_LIBRARY", "WASMTIME_GPU_HOST_CUDA_PATH", "CUDA_VISIBLE_DEVICES"}) {
      unsetenv(name);
    }
  }
};

TEST_F(ProcessChecks, EnvironmentWithoutOurVariablesIsFine) { EXPECT_THAT(check_environment(), IsEmpty()); }

TEST_F(ProcessChecks, UnknownBackendIsNamed) {
  setenv("WASMTIME_GPU_HOST_BACKEND", "metal", 1);
  const auto findings = check_environment();
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::fault);
  EXPECT_THAT(findings[0].found, HasSubstr("'metal'"));
  EXPECT_EQ(findings[0].remedy, "unset WASMTIME_GPU_HOST_BACKEND");
}

TEST_F(ProcessChecks, EachFileThatIsNotThereIsNamed) {
  setenv("VK_DRIVER_FILES", "/nonexistent/a.json:/:/nonexistent/b.json", 1);
  setenv("WASMTIME_GPU_HOST_CUDA_PATH", "/", 1);
  setenv("WGPU_NATIVE_LIBRARY", "/:/", 1);  // one file
  EXPECT_THAT(check_environment(),
              ElementsAre(Field(&Finding::found, "VK_DRIVER_FILES names /nonexistent/a.json, which cannot be read"),
                          Field(&Finding::found, "VK_DRIVER_FILES names /nonexistent/b.json, which cannot be read"),
                          Field(&Finding::found, "WGPU_NATIVE_LIBRARY names /:/, which cannot be read")));
}

TEST_F(ProcessChecks, HiddenGpusAreANote) {
  for (const char* const none : {"", "-1"}) {
    setenv("CUDA_VISIBLE_DEVICES", none, 1);
    EXPECT_THAT(check_environment(), ElementsAre(Field(&Finding::verdict, Verdict::note))) << none;
  }
  setenv("CUDA_VISIBLE_DEVICES", "0", 1);
  EXPECT_THAT(check_environment(), IsEmpty());
}

TEST_F(ProcessChecks, MemoryIsAlwaysTold) {
  const auto findings = check_limits();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].subject, "memory");
  EXPECT_THAT(findings[0].found, HasSubstr("GiB are available"));
}

TEST_F(ProcessChecks, FewDescriptorsAreAFault) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto findings = check_limits();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(findings, Contains(Field(&Finding::remedy, HasSubstr("ulimit -n 1024"))));
}

}  // namespace
}  // namespace gpu_host
