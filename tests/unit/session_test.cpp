#include "wasi_gpu/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "late_stream.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/ml_kernels.hpp"

namespace gpu_host {
namespace {

using test::LateDevice;
using test::LateDeviceState;
using testing::ElementsAre;
using testing::IsEmpty;

Limits with_memory(std::uint64_t bytes) {
  Limits limits;
  limits.gpu_memory = bytes;
  return limits;
}

GpuError late_error(const std::string& text) { return {GpuErrorCode::kernel_error, text}; }

// A session on a device that runs behind, with the buffers 1 and 2 of 64 bytes.
class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(wasi_gpu::buffer_create(session_, 64, {}));
    state_.queued.clear();
  }

  // A read of 4 bytes of buffer 1.
  GpuResult<void> read() {
    return wasi_gpu::buffer_read(session_, 1, 0, 4, [this]() -> GpuResult<std::span<std::byte>> {
      ++blocks_asked_for_;
      return std::span(block_);
    });
  }

  LateDeviceState state_;
  Session session_{[this] { return Result<std::shared_ptr<Device>>(std::make_shared<LateDevice>(state_)); },
                   with_memory(1000)};
  std::array<std::byte, 4> block_{};
  int blocks_asked_for_ = 0;
};

// Every function that has a result, with arguments that are good.
struct ResultCall {
  const char* name;
  std::function<GpuResult<void>(Session&)> run;
};

GpuResult<void> create(Session& session) {
  const auto id = wasi_gpu::buffer_create(session, 4, {});
  return id ? GpuResult<void>{} : std::unexpected(id.error());
}

std::vector<ResultCall> calls_with_results() {
  using namespace wasi_gpu;
  return {
      {"allocate", create},
      {"write", [](Session& s) { return buffer_write(s, 1, 0, std::array<std::byte, 4>{}); }},
      {"copy", [](Session& s) { return buffer_copy(s, 1, 0, 2, 0, 4); }},
      {"bootstrap_sample", [](Session& s) { return kernel_bootstrap_sample(s, {1, 1, 1}, 1); }},
      {"find_split", [](Session& s) { return kernel_find_split(s, {1, 1, 0, 1}, 1, 1, 1, 1, 2); }},
      {"average", [](Session& s) { return kernel_average(s, {1, 1}, 1, 2); }},
      {"matmul", [](Session& s) { return kernel_matmul(s, {1, 1, 1, false, false, 1, 0}, 1, 1, 2); }},
      {"elementwise", [](Session& s) { return kernel_elementwise(s, {1, ElementwiseOp::relu}, 1, {}, 1); }},
      {"reduce", [](Session& s) { return kernel_reduce(s, {1, ReduceOp::sum}, 1, 2); }},
      {"batch_predict", [](Session& s) { return kernel_batch_predict(s, {1, 1, 1, 1}, 1, 1, 1, 2); }},
      {"release", [](Session& s) { return buffer_destroy(s, 2); }},
  };
}

TEST_F(SessionTest, EveryCallWithAResultReturnsAKnownErrorOnceAndHasNoEffect) {
  for (const auto& [name, run] : calls_with_results()) {
    state_.queued.clear();
    state_.known = late_error("the device failed");
    const auto used = session_.buffers().memory().used();
    const auto failed = run(session_);
    ASSERT_FALSE(failed) << name;
    EXPECT_EQ(failed.error().code, GpuErrorCode::kernel_error) << name;
    EXPECT_EQ(failed.error().message, "the device failed") << name;
    EXPECT_THAT(state_.queued, IsEmpty()) << name;
    EXPECT_EQ(session_.buffers().memory().used(), used) << name;
    EXPECT_TRUE(run(session_)) << name;
    EXPECT_THAT(state_.queued, ElementsAre(name));
  }
}

TEST_F(SessionTest, KnownErrorGoesBeforeThoseOfTheArguments) {
  state_.known = late_error("first");
  EXPECT_EQ(wasi_gpu::buffer_destroy(session_, 99).error().message, "first");
  EXPECT_EQ(wasi_gpu::buffer_destroy(session_, 99).error().code, GpuErrorCode::invalid_buffer);
  state_.known = late_error("second");
  EXPECT_EQ(wasi_gpu::buffer_create(session_, 0, {}).error().message, "second");
  state_.known = late_error("third");
  EXPECT_EQ(wasi_gpu::buffer_write(session_, 1, 0, {}).error().message, "third");
}

TEST_F(SessionTest, ReadAlwaysKnows) {
  state_.running_into = late_error("behind");
  const auto failed = read();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "behind");
  EXPECT_EQ(blocks_asked_for_, 0);
  EXPECT_TRUE(read());
  EXPECT_EQ(blocks_asked_for_, 1);
}

TEST_F(SessionTest, ReadOfNothingKnowsToo) {
  state_.running_into = late_error("behind");
  const auto nothing = [] { return GpuResult<std::span<std::byte>>(); };
  EXPECT_EQ(wasi_gpu::buffer_read(session_, 1, 64, 0, nothing).error().message, "behind");
}

TEST_F(SessionTest, ARefusedReadKnowsToo) {
  const auto nothing = [] { return GpuResult<std::span<std::byte>>(); };
  state_.running_into = late_error("behind");
  EXPECT_EQ(wasi_gpu::buffer_read(session_, 99, 0, 4, nothing).error().message, "behind");
  EXPECT_EQ(wasi_gpu::buffer_read(session_, 99, 0, 4, nothing).error().code, GpuErrorCode::invalid_buffer);
}

TEST_F(SessionTest, OtherCallsDoNotWaitForAnError) {
  state_.running_into = late_error("behind");
  EXPECT_TRUE(wasi_gpu::buffer_copy(session_, 1, 0, 2, 0, 4));
  EXPECT_TRUE(state_.running_into);
}

TEST_F(SessionTest, SyncMakesTheNextCallKnow) {
  state_.running_into = late_error("behind");
  wasi_gpu::sync(session_);
  wasi_gpu::sync(session_);  // has no result, so it takes none
  EXPECT_EQ(wasi_gpu::buffer_copy(session_, 1, 0, 2, 0, 4).error().message, "behind");
  EXPECT_TRUE(wasi_gpu::buffer_copy(session_, 1, 0, 2, 0, 4));
}

TEST_F(SessionTest, DeviceInfoTakesNoError) {
  state_.known = late_error("kept");
  EXPECT_TRUE(wasi_gpu::get_device_info(session_));
  EXPECT_EQ(read().error().message, "kept");
}

TEST_F(SessionTest, QuotaStandsForAMemoryThatTheDeviceDoesNotTell) {
  EXPECT_EQ(wasi_gpu::get_device_info(session_)->total_memory, 1000u);
  Session other([this] { return Result<std::shared_ptr<Device>>(std::make_shared<LateDevice>(state_, 77)); },
                with_memory(1000));
  EXPECT_EQ(wasi_gpu::get_device_info(other)->total_memory, 77u);
}

TEST_F(SessionTest, QuotaIsAskedBeforeTheDevice) {
  EXPECT_EQ(wasi_gpu::buffer_create(session_, 1000, {}).error().code, GpuErrorCode::out_of_memory);
  EXPECT_THAT(state_.queued, IsEmpty());
}

TEST_F(SessionTest, ReadOnlyBuffersAreNoOutputs) {
  ASSERT_EQ(*session_.publish(std::make_unique<test::LateBuffer>(64, true, state_), 64), 3u);
  const auto refused = [](const GpuResult<void>& result) {
    return !result && result.error().code == GpuErrorCode::invalid_params &&
           result.error().message.find("read-only") != std::string::npos;
  };
  EXPECT_TRUE(refused(wasi_gpu::buffer_write(session_, 3, 0, {})));
  EXPECT_TRUE(refused(wasi_gpu::buffer_copy(session_, 1, 0, 3, 0, 4)));
  EXPECT_TRUE(refused(wasi_gpu::kernel_elementwise(session_, {1, ElementwiseOp::relu}, 1, {}, 3)));
  EXPECT_TRUE(refused(wasi_gpu::kernel_reduce(session_, {1, ReduceOp::sum}, 1, 3)));
  EXPECT_THAT(state_.queued, IsEmpty());
  EXPECT_TRUE(wasi_gpu::buffer_copy(session_, 3, 0, 1, 0, 4));
  EXPECT_TRUE(wasi_gpu::kernel_reduce(session_, {1, ReduceOp::sum}, 3, 1));
}

TEST(Session, OpensItsDeviceWhenItIsFirstNeeded) {
  LateDeviceState state;
  int opened = 0;
  {
    Session session(
        [&] {
          ++opened;
          return Result<std::shared_ptr<Device>>(std::make_shared<LateDevice>(state));
        },
        {});
    wasi_gpu::sync(session);
    EXPECT_EQ(opened, 0);
    EXPECT_TRUE(wasi_gpu::buffer_create(session, 4, {}));
    EXPECT_TRUE(wasi_gpu::buffer_create(session, 4, {}));
    EXPECT_EQ(opened, 1);
    EXPECT_EQ(state.live_buffers, 2);
  }
  EXPECT_EQ(state.live_buffers, 0);  // and they were released through the stream
  EXPECT_THAT(state.queued, ElementsAre("allocate", "allocate", "release", "release"));
  EXPECT_FALSE(state.stream_open);
}

TEST(Session, DeviceThatCannotBeOpenedIsUnavailable) {
  Session session([] { return Result<std::shared_ptr<Device>>(error(ErrorKind::device, "no driver")); }, {});
  EXPECT_EQ(session.open().error().message, "no driver");
  const auto created = wasi_gpu::buffer_create(session, 4, {});
  EXPECT_EQ(created.error().code, GpuErrorCode::device_unavailable);
  EXPECT_EQ(created.error().message, "no driver");
  EXPECT_EQ(wasi_gpu::get_device_info(session).error().code, GpuErrorCode::device_unavailable);
  wasi_gpu::sync(session);
}

}  // namespace
}  // namespace gpu_host
