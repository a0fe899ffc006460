#include "backend/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace gpu_host {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kVariable = "WASMTIME_GPU_HOST_BACKEND";

// Each test sets the environment as it needs it; what was there comes back.
class Registry : public testing::Test {
 protected:
  void SetUp() override {
    if (const char* value = std::getenv(kVariable)) before_ = value;
    unsetenv(kVariable);
  }
  void TearDown() override {
    unsetenv(kVariable);
    if (before_) setenv(kVariable, before_->c_str(), 1);
  }

 private:
  std::optional<std::string> before_;
};

TEST_F(Registry, ListsTheContractsBackendsBestFirst) {
  std::vector<std::string> names;
  for (Backend* const backend : all_backends()) names.emplace_back(backend->name());
  EXPECT_EQ(names, (std::vector<std::string>{"cuda", "webgpu", "cpu"}));
}

TEST_F(Registry, EveryBackendTellsOfADeviceOrWhyThereIsNone) {
  for (Backend* const backend : all_backends()) {
    const auto entries = backend->devices();
    ASSERT_FALSE(entries.empty()) << backend->name();
    for (const DeviceEntry& entry : entries) {
      EXPECT_EQ(entry.backend, backend->name());
      EXPECT_EQ(entry.info.has_value(), entry.reason.empty()) << backend->name();
      const auto device = backend->open(entry.index);
      if (!entry.info) {
        ASSERT_FALSE(device) << backend->name();
        EXPECT_EQ(device.error().code, GpuErrorCode::device_unavailable);
      }
    }
  }
}

TEST_F(Registry, OpensTheCpuByName) {
  const auto device = open_device({.backend = "cpu", .index = 0});
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ((*device)->info().backend, "cpu");
}

TEST_F(Registry, TakesTheNameFromTheEnvironmentWhereNoneIsGiven) {
  EXPECT_FALSE(names_backend({}));
  setenv(kVariable, "", 1);
  EXPECT_FALSE(names_backend({}));
  setenv(kVariable, "nonsense", 1);
  EXPECT_TRUE(names_backend({}));
  const auto device = open_device({});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(device.error().message, AllOf(HasSubstr("nonsense"), HasSubstr(kVariable), HasSubstr("cpu")));
  EXPECT_TRUE(open_device({.backend = "cpu", .index = {}})) << "a given name comes before the environment's";
  setenv(kVariable, "cpu", 1);
  EXPECT_TRUE(open_device({}));
}

TEST_F(Registry, RefusesADeviceThatTheCpuDoesNotHave) {
  const auto device = open_device({.backend = "cpu", .index = 7});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().kind, ErrorKind::not_found);
  EXPECT_THAT(device.error().message, AllOf(HasSubstr("device 7"), HasSubstr("cpu (device 0: usable)")));
}

}  // namespace
}  // namespace gpu_host
