// A device that is gone: every call says so, none ends the process.
#include <array>

#include "backend/webgpu/webgpu_backend.hpp"
#include "webgpu/webgpu_test.hpp"

namespace gpu_host::webgpu {
namespace {

class DeviceLossTest : public WebGpuTest {
 protected:
  static void lose(Gpu& gpu) {
    wgpu().DeviceDestroy(gpu.device());
    static_cast<void>(OwnedCommandEncoder(wgpu().DeviceCreateCommandEncoder(gpu.device(), nullptr)));
  }

  static void expect_lost(const GpuResult<void>& result) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, GpuErrorCode::device_unavailable) << result.error().message;
    EXPECT_NE(result.error().message, "");
  }
};

TEST_F(DeviceLossTest, EveryCallSaysSo) {
  const auto stream = new_stream();
  auto buffer = *stream->allocate(4000);
  const auto other = *stream->allocate(4000);
  ASSERT_TRUE(stream->elementwise({1000, ElementwiseOp::relu}, *buffer, nullptr, *buffer).has_value());
  lose(gpu());

  std::array<std::byte, 4> bytes{};
  expect_lost(stream->write(*buffer, 0, bytes));
  expect_lost(stream->write(*buffer, 1, bytes));
  expect_lost(stream->copy(*buffer, 0, *other, 0, 8));
  expect_lost(stream->copy(*buffer, 1, *buffer, 2, 8));
  expect_lost(stream->elementwise({1000, ElementwiseOp::relu}, *buffer, nullptr, *buffer));
  expect_lost(stream->reduce({1000, ReduceOp::variance}, *buffer, *other));
  expect_lost(stream->matmul({10, 10, 10, false, false, 1, 0}, *buffer, *buffer, *other));
  expect_lost(stream->batch_predict({1, 1, 1, 1}, *buffer, *buffer, *buffer, *other));
  expect_lost(stream->read(*buffer, 0, 4, [&bytes] { return std::span(bytes); }));
  const auto more = stream->allocate(1 << 20);
  ASSERT_FALSE(more.has_value());
  EXPECT_EQ(more.error().code, GpuErrorCode::device_unavailable);
  stream->wait();
  stream->release(std::move(buffer));
  EXPECT_TRUE(device().is_lost());
}

// Before anybody was told: it is found out when the work is to be submitted.
TEST_F(DeviceLossTest, WithWorkQueued) {
  const auto stream = new_stream();
  const auto buffer = *stream->allocate(4000);
  const std::array<std::byte, 8> data{};
  ASSERT_TRUE(stream->write(*buffer, 0, data).has_value());
  ASSERT_TRUE(stream->elementwise({1000, ElementwiseOp::relu}, *buffer, nullptr, *buffer).has_value());
  wgpu().DeviceDestroy(gpu().device());
  std::array<std::byte, 4> bytes{};
  expect_lost(stream->read(*buffer, 0, 4, [&bytes] { return std::span(bytes); }));
}

TEST_F(DeviceLossTest, NewStreamsSaySo) {
  lose(gpu());
  const auto stream = device().create_stream({});
  ASSERT_FALSE(stream.has_value());
  EXPECT_EQ(stream.error().code, GpuErrorCode::device_unavailable);
}

TEST_F(DeviceLossTest, TheBackendOpensItAnew) {
  WebGpuBackend backend;
  const auto first = *backend.open(0);
  EXPECT_EQ(*backend.open(0), first);
  lose(dynamic_cast<WebGpuDevice&>(*first).gpu());
  const auto second = backend.open(0);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_NE(*second, first);
  EXPECT_TRUE((*second)->create_stream({}).has_value());
}

// It would wait for the driver's threads for ever.
TEST_F(DeviceLossTest, AForkOfTheProcessHasNoDevice) {
  const auto opens = [] {
    const auto opened = WebGpuBackend().open(0);
    return opened ? 1 : opened.error().message.find("forked") == std::string::npos ? 2 : 0;
  };
  EXPECT_EQ(opens(), 1);
  EXPECT_EXIT(std::_Exit(opens()), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace gpu_host::webgpu
