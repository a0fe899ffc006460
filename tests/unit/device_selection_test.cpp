#include "backend/device_selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "fake_backend.hpp"

namespace gpu_host {
namespace {

using test::FakeBackend;
using testing::AllOf;
using testing::HasSubstr;

class DeviceSelection : public testing::Test {
 protected:
  Result<std::shared_ptr<Device>> select(const NamedBackend& named = {}, std::optional<std::uint32_t> index = {}) {
    const std::array<Backend*, 3> backends{&cuda_, &webgpu_, &cpu_};
    return select_device(backends, named, index);
  }
  // The name of the chosen device, or the error's text.
  std::string chosen(const NamedBackend& named = {}, std::optional<std::uint32_t> index = {}) {
    const auto device = select(named, index);
    return device ? (*device)->info().name : device.error().message;
  }

  FakeBackend cuda_{"cuda"};
  FakeBackend webgpu_{"webgpu"};
  FakeBackend cpu_{"cpu"};
};

TEST_F(DeviceSelection, PrefersHardwareInOrder) {
  cuda_.with_device("H200", true);
  webgpu_.with_device("Vulkan card", true);
  cpu_.with_device("processor", false);
  EXPECT_EQ(chosen(), "H200");
}

TEST_F(DeviceSelection, TakesWebgpuByItselfOnlyOnHardware) {
  cuda_.with_unusable("no driver");
  webgpu_.with_device("lavapipe", false);
  cpu_.with_device("processor", false);
  EXPECT_EQ(chosen(), "processor");
  EXPECT_EQ(chosen({"webgpu"}), "lavapipe");
  webgpu_.with_device("Vulkan card", true);
  EXPECT_EQ(chosen(), "Vulkan card");
}

TEST_F(DeviceSelection, AsksNoDriverWhereThereIsNoHardware) {
  cuda_.without_hardware();
  webgpu_.without_hardware().with_device("lavapipe", false);
  cpu_.with_device("processor", false);
  EXPECT_EQ(chosen(), "processor");
  EXPECT_EQ(webgpu_.times_listed(), 0);
  EXPECT_EQ(chosen({"webgpu"}), "lavapipe");
}

TEST_F(DeviceSelection, FallsBackWhereNoneIsNamed) {
  cuda_.with_device("H200", true, "the device is in use");
  webgpu_.with_unusable("no adapter");
  EXPECT_THAT(chosen(), AllOf(HasSubstr("no backend can be used"), HasSubstr("the device is in use")));
  cpu_.with_device("processor", false);
  EXPECT_EQ(chosen(), "processor");
}

TEST_F(DeviceSelection, NeverReplacesANamedBackend) {
  cuda_.with_unusable("no driver");
  webgpu_.with_unusable("no adapter");
  cpu_.with_device("processor", false);
  const auto device = select({"cuda"});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().kind, ErrorKind::device);
  EXPECT_EQ(device.error().message,
            "backend 'cuda' cannot be used: no driver; there are: cuda (device 0: no driver), "
            "webgpu (device 0: no adapter), cpu (device 0: usable)");
}

TEST_F(DeviceSelection, TakesTheFirstUsableDeviceOfANamedBackend) {
  cuda_.with_unusable("too old").with_device("busy", true, "in use").with_device("H200", true);
  cpu_.with_device("processor", false);
  EXPECT_EQ(chosen({"cuda"}), "H200");
}

TEST_F(DeviceSelection, NamesWhatThereIsForAnUnknownBackend) {
  cuda_.with_unusable("no driver");
  webgpu_.with_unusable("no adapter");
  cpu_.with_device("processor", false);
  const auto device = select({"metal", true});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().kind, ErrorKind::invalid_argument);
  EXPECT_THAT(device.error().message,
              AllOf(HasSubstr("backend 'metal' (named by the environment variable WASMTIME_GPU_HOST_BACKEND)"),
                    HasSubstr("no driver"), HasSubstr("no adapter"), HasSubstr("cpu (device 0: usable)")));
}

TEST_F(DeviceSelection, OpensTheDeviceOfAnIndexAndNoOther) {
  cuda_.with_device("first", true).with_device("second", true, "in use").with_unusable("too old");
  cpu_.with_device("processor", false);
  EXPECT_EQ(chosen({"cuda"}, 0), "first");
  EXPECT_EQ(select({"cuda"}, 1).error().kind, ErrorKind::device);
  EXPECT_THAT(chosen({"cuda"}, 1), HasSubstr("device 1 of backend 'cuda' cannot be opened: in use"));
  EXPECT_THAT(chosen({"cuda"}, 2), HasSubstr("device 2 of backend 'cuda' cannot be used: too old"));
  EXPECT_EQ(select({"cuda"}, 3).error().kind, ErrorKind::not_found);
  EXPECT_THAT(chosen({"cuda"}, 3), HasSubstr("device 3 of backend 'cuda' does not exist"));
}

TEST_F(DeviceSelection, CountsAnIndexWithinTheBestBackend) {
  cuda_.with_unusable("no driver");
  webgpu_.with_device("lavapipe", false).with_device("Vulkan card", true);
  cpu_.with_device("processor", false);
  EXPECT_EQ(chosen({}, 1), "Vulkan card");
  EXPECT_EQ(chosen({}, 0), "lavapipe");
  EXPECT_EQ(select({}, 2).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace gpu_host
