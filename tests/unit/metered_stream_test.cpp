#include "wasi_gpu/metered_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gpu_host {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;

struct FakeBuffer final : Buffer {
  explicit FakeBuffer(std::uint64_t size) : Buffer(size, false) {}
};

// What the test sees of the inner stream. `on_work` is the device's part of each work.
struct FakeState {
  std::vector<std::string> log;
  std::vector<const Buffer*> buffers;  // of the last work
  std::function<GpuResult<void>()> on_work = [] { return GpuResult<void>(); };
  std::optional<GpuError> late;
};

class FakeStream final : public Stream {
 public:
  explicit FakeStream(FakeState& state) : state_(state) {}

  GpuResult<std::unique_ptr<Buffer>> allocate(std::uint64_t size) override {
    state_.log.emplace_back("allocate");
    return std::make_unique<FakeBuffer>(size);
  }
  GpuResult<std::unique_ptr<Buffer>> wrap(const WrappedMemory& memory) override {
    state_.log.emplace_back("wrap");
    return std::make_unique<FakeBuffer>(memory.bytes.size());
  }
  void release(std::unique_ptr<Buffer> /*buffer*/) noexcept override { state_.log.emplace_back("release"); }
  GpuResult<void> write(Buffer& buffer, std::uint64_t, std::span<const std::byte>) override {
    return work("write", {&buffer});
  }
  GpuResult<void> read(const Buffer& buffer, std::uint64_t, std::uint64_t,
                       const ReadDestination& destination) override {
    const auto bytes = destination();
    if (!bytes) return std::unexpected(bytes.error());
    return work("read", {&buffer});
  }
  GpuResult<void> copy(const Buffer& source, std::uint64_t, Buffer& destination, std::uint64_t,
                       std::uint64_t) override {
    return work("copy", {&source, &destination});
  }
  GpuResult<void> bootstrap_sample(const BootstrapParams&, Buffer& output) override {
    return work("bootstrap_sample", {&output});
  }
  GpuResult<void> find_split(const FindSplitParams&, std::uint64_t, const Buffer& data, const Buffer& labels,
                             const Buffer& indices, const Buffer& thresholds, Buffer& scores) override {
    return work("find_split", {&data, &labels, &indices, &thresholds, &scores});
  }
  GpuResult<void> average(const AverageParams&, const Buffer& predictions, Buffer& output) override {
    return work("average", {&predictions, &output});
  }
  GpuResult<void> matmul(const MatmulParams&, const Buffer& a, const Buffer& b, Buffer& c) override {
    return work("matmul", {&a, &b, &c});
  }
  GpuResult<void> elementwise(const ElementwiseParams&, const Buffer& a, const Buffer* b, Buffer& output) override {
    return work("elementwise", {&a, b, &output});
  }
  GpuResult<void> reduce(const ReduceParams&, const Buffer& input, Buffer& output) override {
    return work("reduce", {&input, &output});
  }
  GpuResult<void> batch_predict(const BatchPredictParams&, const Buffer& samples, const Buffer& nodes,
                                const Buffer& offsets, Buffer& output) override {
    return work("batch_predict", {&samples, &nodes, &offsets, &output});
  }
  void wait() override { state_.log.emplace_back("wait"); }
  std::optional<GpuError> take_error() override { return std::exchange(state_.late, std::nullopt); }

 private:
  GpuResult<void> work(const char* name, std::vector<const Buffer*> buffers) {
    state_.log.emplace_back(name);
    state_.buffers = std::move(buffers);
    return state_.on_work();
  }
  FakeState& state_;
};

struct SeenWork {
  std::string device;
  std::string operation;
  steady_clock::time_point begin;
  steady_clock::time_point end;
  std::uint64_t bytes;
};

struct Recorder final : Observer {
  void on_host_call(const HostCall& /*call*/) override { ADD_FAILURE() << "a stream knows of no calls"; }
  void on_device_work(const DeviceWork& work) override {
    seen.push_back({std::string(work.backend) + ": " + std::string(work.device), std::string(work.operation),
                    work.begin, work.end, work.bytes});
  }
  std::vector<SeenWork> seen;
};

class MeteredStreamTest : public testing::Test {
 protected:
  MeteredStream stream(std::optional<nanoseconds> gpu_time = {}) {
    const std::array<std::shared_ptr<Observer>, 2> observers{recorder_, second_recorder_};
    return {std::make_unique<FakeStream>(state_), {"a device", "fake", 1, false, ""}, observers, gpu_time, &interrupt_};
  }

  FakeState state_;
  Interrupt interrupt_;
  std::shared_ptr<Recorder> recorder_ = std::make_shared<Recorder>();
  std::shared_ptr<Recorder> second_recorder_ = std::make_shared<Recorder>();
  std::array<std::byte, 12> block_{};
  ReadDestination destination_ = [this]() -> GpuResult<std::span<std::byte>> { return std::span(block_); };
  // Room for a node of a tree and a rest that is none.
  FakeBuffer a_{24}, b_{24}, c_{24}, d_{24}, e_{24};
};

TEST_F(MeteredStreamTest, PassesWorkOnWaitsForItAndTellsOfIt) {
  auto metered = stream();
  struct Case {
    std::string inner;
    std::string operation;
    std::uint64_t bytes;
    std::vector<const Buffer*> buffers;
    std::function<GpuResult<void>()> run;
  };
  const std::vector<Case> cases{
      {"write", "buffer-write", 12, {&a_}, [&] { return metered.write(a_, 0, block_); }},
      {"read", "buffer-read", 12, {&a_}, [&] { return metered.read(a_, 0, 12, destination_); }},
      {"copy", "buffer-copy", 20, {&a_, &b_}, [&] { return metered.copy(a_, 0, b_, 0, 10); }},
      // 5 indices
      {"bootstrap_sample",
       "kernel-bootstrap-sample",
       20,
       {&a_},
       [&] { return metered.bootstrap_sample({5, 1, 9}, a_); }},
      // 3 of each: indices, labels, features; 2 of each: thresholds, scores
      {"find_split",
       "kernel-find-split",
       52,
       {&a_, &b_, &c_, &d_, &e_},
       [&] { return metered.find_split({3, 7, 0, 2}, 100, a_, b_, c_, d_, e_); }},
      // 3 samples of 2 trees, 3 means
      {"average", "kernel-average", 36, {&a_, &b_}, [&] { return metered.average({2, 3}, a_, b_); }},
      // 2 x 3, 3 x 5, 2 x 5
      {"matmul",
       "kernel-matmul",
       124,
       {&a_, &b_, &c_},
       [&] { return metered.matmul({2, 3, 5, false, false, 1, 0}, a_, b_, c_); }},
      // The product is read as well.
      {"matmul",
       "kernel-matmul",
       164,
       {&a_, &b_, &c_},
       [&] { return metered.matmul({2, 3, 5, false, false, 1, 1}, a_, b_, c_); }},
      {"elementwise",
       "kernel-elementwise",
       40,
       {&a_, nullptr, &b_},
       [&] { return metered.elementwise({5, ElementwiseOp::exp}, a_, nullptr, b_); }},
      {"elementwise",
       "kernel-elementwise",
       60,
       {&a_, &b_, &c_},
       [&] { return metered.elementwise({5, ElementwiseOp::add}, a_, &b_, c_); }},
      {"reduce", "kernel-reduce", 24, {&a_, &b_}, [&] { return metered.reduce({5, ReduceOp::max}, a_, b_); }},
      // 2 rows of 3 features, a node, 4 offsets, 2 means
      {"batch_predict",
       "kernel-batch-predict",
       64,
       {&a_, &b_, &c_, &d_},
       [&] { return metered.batch_predict({2, 3, 4, 9}, a_, b_, c_, d_); }},
  };
  for (const auto& [inner, operation, bytes, buffers, run] : cases) {
    state_.log.clear();
    recorder_->seen.clear();
    second_recorder_->seen.clear();
    steady_clock::time_point at_work;
    state_.on_work = [&at_work] {
      at_work = steady_clock::now();
      return GpuResult<void>();
    };
    EXPECT_TRUE(run()) << operation;
    EXPECT_THAT(state_.log, ElementsAre(inner, "wait"));
    EXPECT_EQ(state_.buffers, buffers) << operation;
    ASSERT_EQ(recorder_->seen.size(), 1u) << operation;
    const SeenWork& work = recorder_->seen[0];
    EXPECT_EQ(work.operation, operation);
    EXPECT_EQ(work.bytes, bytes) << operation;
    EXPECT_EQ(work.device, "fake: a device");
    EXPECT_LE(work.begin, at_work) << operation;
    EXPECT_GE(work.end, at_work) << operation;
    EXPECT_EQ(second_recorder_->seen.size(), 1u) << operation;
  }
}

TEST_F(MeteredStreamTest, CountsInMoreThan32Bits) {
  auto metered = stream();
  const std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
  EXPECT_TRUE(metered.average({3, most}, a_, b_));
  EXPECT_TRUE(metered.reduce({most, ReduceOp::sum}, a_, b_));
  EXPECT_EQ(recorder_->seen[0].bytes, 16 * std::uint64_t{most});
  EXPECT_EQ(recorder_->seen[1].bytes, 4 * (std::uint64_t{most} + 1));
}

TEST_F(MeteredStreamTest, MemoryIsNoWork) {
  auto metered = stream(nanoseconds(0));
  auto buffer = metered.allocate(8);
  ASSERT_TRUE(buffer);
  EXPECT_EQ((*buffer)->size(), 8u);
  metered.release(*std::move(buffer));
  EXPECT_TRUE(metered.wrap({block_, false, nullptr}));
  metered.wait();
  EXPECT_THAT(state_.log, ElementsAre("allocate", "release", "wrap", "wait"));
  EXPECT_THAT(recorder_->seen, IsEmpty());
  EXPECT_FALSE(interrupt_.requested());
}

TEST_F(MeteredStreamTest, FailedWorkIsToldWithoutBytes) {
  auto metered = stream();
  state_.on_work = [] { return gpu_error(GpuErrorCode::kernel_error, "bad data"); };
  const auto failed = metered.write(a_, 0, block_);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "bad data");
  ASSERT_EQ(recorder_->seen.size(), 1u);
  EXPECT_EQ(recorder_->seen[0].bytes, 0u);
}

TEST_F(MeteredStreamTest, LateErrorsStayDeferred) {
  auto metered = stream();
  state_.late = GpuError{GpuErrorCode::kernel_error, "late"};
  EXPECT_TRUE(metered.write(a_, 0, block_));
  EXPECT_EQ(metered.take_error()->message, "late");
  EXPECT_FALSE(metered.take_error());
}

TEST_F(MeteredStreamTest, WithoutGpuTimeWorkIsRefused) {
  for (const auto gpu_time : {nanoseconds(0), nanoseconds(-1), nanoseconds::min()}) {
    Interrupt interrupt;
    MeteredStream metered(std::make_unique<FakeStream>(state_), {}, {}, gpu_time, &interrupt);
    EXPECT_FALSE(interrupt.requested());
    EXPECT_FALSE(metered.write(a_, 0, block_));
    EXPECT_EQ(interrupt.reason(), InterruptReason::gpu_time);
    EXPECT_FALSE(metered.read(a_, 0, 12, destination_));
    EXPECT_THAT(state_.log, IsEmpty());
  }
}

TEST_F(MeteredStreamTest, EndlessGpuTimeNeverInterrupts) {
  auto metered = stream(nanoseconds::max());
  state_.on_work = [this] {
    EXPECT_FALSE(interrupt_.requested());
    return GpuResult<void>();
  };
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(metered.write(a_, 0, block_));
  EXPECT_TRUE(metered.read(a_, 0, 12, destination_));
  EXPECT_EQ(interrupt_.reason(), InterruptReason::none);
}

TEST_F(MeteredStreamTest, WorkIsToldWhenItsTimeIsOver) {
  auto metered = stream(std::chrono::milliseconds(1));
  state_.on_work = [this]() -> GpuResult<void> {
    while (!interrupt_.requested()) {
    }
    return gpu_error(GpuErrorCode::kernel_error, "interrupted");
  };
  EXPECT_FALSE(metered.reduce({1, ReduceOp::sum}, a_, b_));
  EXPECT_EQ(interrupt_.reason(), InterruptReason::gpu_time);
  EXPECT_EQ(recorder_->seen.size(), 1u);
  state_.log.clear();
  EXPECT_FALSE(metered.reduce({1, ReduceOp::sum}, a_, b_));
  EXPECT_THAT(state_.log, IsEmpty());
  EXPECT_EQ(recorder_->seen.size(), 1u);
}

TEST_F(MeteredStreamTest, WorkThatDoesNotPollIsChargedWhenItIsDone) {
  auto metered = stream(nanoseconds(1));
  state_.on_work = [] {
    const auto begin = steady_clock::now();
    while (steady_clock::now() == begin) {
    }
    return GpuResult<void>();
  };
  EXPECT_TRUE(metered.write(a_, 0, block_));
  EXPECT_EQ(interrupt_.reason(), InterruptReason::gpu_time);
  EXPECT_FALSE(metered.write(a_, 0, block_));
}

TEST_F(MeteredStreamTest, WorkThatThrowsLeavesNoDeadline) {
  auto metered = stream(nanoseconds(1));
  state_.on_work = []() -> GpuResult<void> { throw std::runtime_error("no memory"); };
  EXPECT_THROW(static_cast<void>(metered.write(a_, 0, block_)), std::runtime_error);
  const auto thrown = steady_clock::now();
  while (steady_clock::now() - thrown <= nanoseconds(1)) {
  }
  EXPECT_FALSE(interrupt_.requested());
}

TEST_F(MeteredStreamTest, TimeOfTheDestinationIsTheGuests) {
  auto metered = stream(nanoseconds(1));
  steady_clock::duration in_guest{};
  const auto before = steady_clock::now();
  EXPECT_TRUE(metered.read(a_, 0, 12, [&]() -> GpuResult<std::span<std::byte>> {
    const auto begin = steady_clock::now();
    do {
      EXPECT_FALSE(interrupt_.requested());  // the device's time is over, the guest's is not
      in_guest = steady_clock::now() - begin;
    } while (in_guest < std::chrono::milliseconds(5));
    return std::span(block_);
  }));
  const auto total = steady_clock::now() - before;
  ASSERT_EQ(recorder_->seen.size(), 1u);
  const SeenWork& work = recorder_->seen[0];
  EXPECT_LE(work.begin, work.end);
  EXPECT_LE(work.end - work.begin, total - in_guest);
  EXPECT_GE(work.begin, before + in_guest);
}

TEST_F(MeteredStreamTest, RefusedDestinationIsPassedOn) {
  auto metered = stream();
  const auto refused = metered.read(
      a_, 0, 12, []() -> GpuResult<std::span<std::byte>> { return gpu_error(GpuErrorCode::out_of_memory); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, GpuErrorCode::out_of_memory);
}

}  // namespace
}  // namespace gpu_host
