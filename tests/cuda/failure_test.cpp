// What fails in the driver comes back as the error that the contract has for it.
#include <array>
#include <thread>

#include "cuda_test.hpp"

namespace gpu_host::cuda {
namespace {

constexpr ElementwiseParams kRelu{1000, ElementwiseOp::relu};

class FailureTest : public CudaTest {
 protected:
  // A launch that ends like an illegal address, and what waits for it.
  void fault(bool device_is_lost = false) {
    const auto stream = new_stream();
    auto buffer = *stream->allocate(4000);
    fake().fault(1, device_is_lost);
    ASSERT_TRUE(stream->elementwise(kRelu, *buffer, nullptr, *buffer).has_value());
    expect_error(read_float(*stream, *buffer), GpuErrorCode::device_unavailable, "CUDA_ERROR_ILLEGAL_ADDRESS");
    stream->release(std::move(buffer));
  }
};

TEST_F(FailureTest, MoreThanThereIsIsOutOfMemory) {
  const auto stream = new_stream();
  auto buffer = stream->allocate(std::uint64_t{1} << 40U);
  expect_error(buffer, GpuErrorCode::out_of_memory, "CUDA_ERROR_OUT_OF_MEMORY");
  expect_error(stream->allocate(~std::uint64_t{0}), GpuErrorCode::out_of_memory, "MemAllocFromPoolAsync");
  auto small = stream->allocate(4000);
  ASSERT_TRUE(small.has_value());
  EXPECT_EQ(read_float(*stream, **small), 0.0F);
  stream->release(*std::move(small));
}

// What was freed, but is not back yet, is waited for.
TEST_F(FailureTest, MemoryThatIsAboutToBeFreeIsFound) {
  fake_cuda::Settings settings = fake().settings();
  settings.memory = std::uint64_t{64} << 20U;
  fake().configure(settings);
  const auto stream = new_stream();
  for (int i = 0; i < 4; ++i) {
    auto buffer = stream->allocate(std::uint64_t{40} << 20U);
    ASSERT_TRUE(buffer.has_value()) << i << ": " << buffer.error().message;
    stream->release(*std::move(buffer));
  }
}

// What the pool keeps in pieces of the wrong size goes back to the device, which gives it anew.
TEST_F(FailureTest, MemoryThatThePoolKeepsIsFound) {
  fake_cuda::Settings settings = fake().settings();
  settings.memory = std::uint64_t{64} << 20U;
  fake().configure(settings);
  const auto stream = new_stream();
  for (const std::uint64_t megabytes : {30, 40, 50, 60}) {
    auto buffer = stream->allocate(megabytes << 20U);
    ASSERT_TRUE(buffer.has_value()) << megabytes << ": " << buffer.error().message;
    stream->release(*std::move(buffer));
  }
}

TEST_F(FailureTest, RefusedLaunchIsAKernelError) {
  const auto stream = new_stream();
  auto buffer = *stream->allocate(4000);
  fake().fail("LaunchKernel", CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, 1, false);
  expect_error(stream->elementwise(kRelu, *buffer, nullptr, *buffer), GpuErrorCode::kernel_error,
               "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES");
  EXPECT_TRUE(stream->elementwise(kRelu, *buffer, nullptr, *buffer).has_value());
  EXPECT_EQ(read_float(*stream, *buffer), 0.0F);
  stream->release(std::move(buffer));
}

TEST_F(FailureTest, AfterAFaultEveryCallSaysSo) {
  const auto stream = new_stream();
  const auto innocent = new_stream();
  auto buffer = *stream->allocate(4000);
  auto other = *innocent->allocate(4000);
  std::array<float, 250> array{};
  auto wrapped = *stream->wrap({.bytes = std::as_writable_bytes(std::span(array)), .owner = {}});
  fake().fault(1, false);
  ASSERT_TRUE(stream->elementwise(kRelu, *buffer, nullptr, *buffer).has_value());
  stream->wait();
  const auto late = stream->take_error();
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(late->code, GpuErrorCode::device_unavailable);
  const auto expect_lost = [](const auto& result) {
    expect_error(result, GpuErrorCode::device_unavailable, "CUDA_ERROR_ILLEGAL_ADDRESS");
  };
  const std::array<std::byte, 4> bytes{};
  expect_lost(stream->allocate(4000));
  expect_lost(stream->write(*buffer, 0, bytes));
  expect_lost(stream->copy(*buffer, 0, *buffer, 2000, 2000));
  expect_lost(stream->copy(*buffer, 0, *buffer, 4, 2000));
  expect_lost(stream->bootstrap_sample({1000, 1, 10}, *buffer));
  expect_lost(stream->elementwise(kRelu, *buffer, nullptr, *buffer));
  expect_lost(stream->reduce({1000, ReduceOp::variance}, *buffer, *wrapped));
  expect_lost(stream->average({10, 100}, *buffer, *wrapped));
  expect_lost(stream->matmul({10, 10, 10, false, false, 1, 0}, *buffer, *buffer, *wrapped));
  expect_lost(stream->find_split({10, 1, 0, 5}, 1000, *buffer, *buffer, *buffer, *buffer, *wrapped));
  expect_lost(stream->batch_predict({1, 1, 1, 1}, *buffer, *buffer, *buffer, *wrapped));
  expect_lost(read_float(*stream, *buffer));
  expect_lost(read_float(*innocent, *other));  // one context for all
  stream->release(std::move(wrapped));
  stream->release(std::move(buffer));
  innocent->release(std::move(other));
}

TEST_F(FailureTest, ItStartsAnewOnceThoseThatUsedItAreGone) {
  {
    const auto innocent = new_stream();
    fault();
    expect_error(device().create_stream({}), GpuErrorCode::device_unavailable, "once the instances that used it");
  }
  const auto stream = new_stream();
  auto buffer = *stream->allocate(4000);
  EXPECT_TRUE(stream->elementwise(kRelu, *buffer, nullptr, *buffer).has_value());
  EXPECT_EQ(read_float(*stream, *buffer), 0.0F);
  stream->release(std::move(buffer));
}

TEST_F(FailureTest, ItStartsAnewOnce) {
  fault();
  fault();
  expect_error(device().create_stream({}), GpuErrorCode::device_unavailable, "cannot use it any more");
  expect_error(device().create_stream({}), GpuErrorCode::device_unavailable, "cannot use it any more");
}

TEST_F(FailureTest, ADeviceThatDoesNotComeBackIsDead) {
  fault(true);
  expect_error(device().create_stream({}), GpuErrorCode::device_unavailable, "did not start anew");
  fake().heal();
  expect_error(device().create_stream({}), GpuErrorCode::device_unavailable, "did not start anew");
}

// Whatever call of a stream's start fails: an error, and nothing is left behind (TearDown).
TEST_F(FailureTest, AStreamThatCannotStartSaysWhy) {
  const std::array<const char*, 9> functions{"CtxCreate_v2", "MemPoolCreate",         "MemPoolSetAttribute",
                                             "StreamCreate", "MemAllocFromPoolAsync", "MemHostAlloc",
                                             "EventCreate",  "MemsetD8Async",         "ModuleLoadData"};
  for (const char* const function : functions) {
    fake().heal();
    fake().fail(function, CUDA_ERROR_OUT_OF_MEMORY, 1, true);
    const auto found = found_devices()->front();
    CudaDevice fresh(found.device, *found.entry.info, found.limits);
    auto stream = fresh.create_stream({});
    if (stream) {
      std::array<std::byte, 4> bytes{};
      auto buffer = (*stream)->allocate(4000);
      ASSERT_TRUE(buffer.has_value()) << function;
      auto written = (*stream)->write(**buffer, 0, bytes);
      if (written) written = (*stream)->elementwise(kRelu, **buffer, nullptr, **buffer);
      expect_error(written, GpuErrorCode::out_of_memory, "CUDA_ERROR_OUT_OF_MEMORY");
      (*stream)->release(*std::move(buffer));
    } else {
      EXPECT_THAT(stream.error().message, testing::HasSubstr("CUDA_ERROR_OUT_OF_MEMORY")) << function;
    }
  }
}

// What does not come from the pool: its memory goes back to the device, then there is room.
TEST_F(FailureTest, KernelsAndBlasFindTheMemoryThatThePoolKeeps) {
  const auto stream = new_stream();
  auto buffer = *stream->allocate(4000);
  auto result = *stream->allocate(400);
  const auto run = [&](const char* function, bool for_good) -> GpuResult<void> {
    fake().heal();
    fake().fail(function, CUDA_ERROR_OUT_OF_MEMORY, 1, for_good);
    if (std::string_view(function) == "ModuleLoadData") return stream->elementwise(kRelu, *buffer, nullptr, *buffer);
    return stream->matmul({10, 10, 10, false, false, 1, 0}, *buffer, *buffer, *result);
  };
  expect_error(run("cublasCreate", true), GpuErrorCode::out_of_memory, "cublasCreate");
  expect_error(run("ModuleLoadData", true), GpuErrorCode::out_of_memory, "CUDA_ERROR_OUT_OF_MEMORY");
  for (const char* const function : {"cublasCreate", "ModuleLoadData"}) {
    const auto done = run(function, false);
    EXPECT_TRUE(done.has_value()) << function << ": " << done.error().message;
  }
  EXPECT_EQ(read_float(*stream, *result), 0.0F);
  stream->release(std::move(buffer));
  stream->release(std::move(result));
}

// A kernel that takes long: an interrupt ends the wait, not the device.
TEST_F(FailureTest, SlowWorkIsInterrupted) {
  fake_cuda::Settings settings = fake().settings();
  settings.slow = 100'000;
  fake().configure(settings);
  const Interrupt interrupt;
  const auto stream = new_stream({.interrupt = &interrupt});
  auto buffer = *stream->allocate(4000);
  ASSERT_TRUE(stream->elementwise(kRelu, *buffer, nullptr, *buffer).has_value());
  std::jthread canceller([&interrupt] { interrupt.request(); });
  stream->wait();
  const auto late = stream->take_error();
  ASSERT_TRUE(late.has_value());
  EXPECT_EQ(late->message, "interrupted");
  expect_error(stream->elementwise(kRelu, *buffer, nullptr, *buffer), GpuErrorCode::kernel_error, "interrupted");
  settings.slow = 0;
  fake().configure(settings);
  stream->release(std::move(buffer));
}

}  // namespace
}  // namespace gpu_host::cuda
