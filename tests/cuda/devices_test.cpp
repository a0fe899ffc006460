// Two devices in one process: what ends or fills one is nothing to the other.
#include <utility>
#include <vector>

#include "cuda_test.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/session.hpp"

namespace gpu_host::cuda {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

class DevicesTest : public CudaTest {
 protected:
  void SetUp() override {
    CudaTest::SetUp();
    if (!HasFatalFailure()) second_ = new_device(1);
  }
  void TearDown() override {
    second_.reset();
    CudaTest::TearDown();
  }

  [[nodiscard]] CudaDevice& second() { return *second_; }

  // An instance with a buffer of ones.
  class Worker {
   public:
    explicit Worker(CudaDevice& device) : stream_(device.create_stream({}).value()) {
      const std::vector<float> ones(kSize, 1.0F);
      buffer_ = stream_->allocate(kSize * sizeof(float)).value();
      EXPECT_TRUE(stream_->write(*buffer_, 0, std::as_bytes(std::span(ones))).has_value());
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() { stream_->release(std::move(buffer_)); }

    // Doubles the elements; the first one.
    GpuResult<float> work() {
      auto done = stream_->elementwise({kSize, ElementwiseOp::add}, *buffer_, buffer_.get(), *buffer_);
      if (!done) return std::unexpected(std::move(done.error()));
      return read_float(*stream_, *buffer_);
    }

   private:
    static constexpr std::uint32_t kSize = 1000;
    std::unique_ptr<Stream> stream_;
    std::unique_ptr<Buffer> buffer_;
  };

  static void expect_lost(const GpuResult<float>& result) {
    expect_error(result, GpuErrorCode::device_unavailable, "CUDA_ERROR_ILLEGAL_ADDRESS");
  }

 private:
  std::unique_ptr<CudaDevice> second_;
};

TEST_F(DevicesTest, FaultEndsTheInstancesOfItsDeviceOnly) {
  Worker other(second());
  {
    Worker faulty(device());
    Worker neighbour(device());
    fake().fault(1, false);
    expect_lost(faulty.work());
    expect_lost(neighbour.work());
    EXPECT_EQ(other.work(), 2.0F);
    EXPECT_FALSE(device().create_stream({}).has_value());
    EXPECT_EQ(Worker(second()).work(), 2.0F);
  }
  EXPECT_EQ(Worker(device()).work(), 2.0F);  // it has started anew
  EXPECT_EQ(other.work(), 4.0F);
}

TEST_F(DevicesTest, LostDeviceLeavesTheOtherWorking) {
  Worker other(device());
  {
    Worker faulty(second());
    fake().fault(1, true);
    expect_lost(faulty.work());
  }
  expect_error(second().create_stream({}), GpuErrorCode::device_unavailable, "did not start anew");
  EXPECT_EQ(other.work(), 2.0F);
  const auto fresh = new_device(0);  // with a context of its own
  EXPECT_EQ(Worker(*fresh).work(), 2.0F);
}

TEST_F(DevicesTest, MemoryIsEachDevicesOwn) {
  fake_cuda::Settings settings = fake().settings();
  settings.memory = 64 * kMiB;
  fake().configure(settings);
  const auto first = new_stream();
  const auto other = second().create_stream({}).value();
  auto large = first->allocate(60 * kMiB);
  ASSERT_TRUE(large.has_value()) << large.error().message;
  expect_error(first->allocate(60 * kMiB), GpuErrorCode::out_of_memory, "CUDA_ERROR_OUT_OF_MEMORY");
  auto as_large = other->allocate(60 * kMiB);
  ASSERT_TRUE(as_large.has_value()) << as_large.error().message;
  first->release(*std::move(large));
  other->release(*std::move(as_large));
}

// The driver is not asked for what the quota refuses.
TEST_F(DevicesTest, QuotaIsEachInstancesOwn) {
  Limits limits;
  limits.gpu_memory = kMiB;
  const std::shared_ptr<Device> shared = new_device(0);
  std::vector<std::unique_ptr<Session>> sessions;
  for (const std::shared_ptr<Device>& device : {shared, shared, std::shared_ptr<Device>(new_device(1))}) {
    sessions.push_back(std::make_unique<Session>([device] { return Result<std::shared_ptr<Device>>(device); }, limits));
    const auto most = wasi_gpu::buffer_create(*sessions.back(), kMiB, {});
    ASSERT_TRUE(most.has_value()) << most.error().message;
  }
  fake().fail("MemAllocFromPoolAsync", CUDA_ERROR_UNKNOWN, 1, true);
  for (const auto& session : sessions) {
    expect_error(wasi_gpu::buffer_create(*session, 1, {}), GpuErrorCode::out_of_memory, "");
  }
  fake().heal();
  ASSERT_TRUE(wasi_gpu::buffer_destroy(*sessions[1], 1).has_value());
  EXPECT_TRUE(wasi_gpu::buffer_create(*sessions[1], kMiB, {}).has_value());
  EXPECT_FALSE(wasi_gpu::buffer_create(*sessions[0], 1, {}).has_value());
}

}  // namespace
}  // namespace gpu_host::cuda
