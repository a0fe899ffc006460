// What is the CPU backend's own; the conformance suite tests the kernels.
#include "backend/cpu/cpu_backend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <limits>
#include <vector>

#include "backend/cpu/cpu_buffer.hpp"
#include "forest/node.hpp"

namespace gpu_host {
namespace {

using testing::HasSubstr;

class CpuBackendTest : public testing::Test {
 protected:
  void SetUp() override {
    device_ = CpuBackend().open(0).value();
    stream_ = device_->create_stream({&interrupt_}).value();
  }
  std::unique_ptr<Buffer> buffer(std::uint64_t size) { return stream_->allocate(size).value(); }

  template <class T>
  std::unique_ptr<Buffer> buffer_of(const std::vector<T>& values) {
    auto made = buffer(values.size() * sizeof(T));
    EXPECT_TRUE(stream_->write(*made, 0, std::as_bytes(std::span(values))));
    return made;
  }
  template <class T>
  std::vector<T> values_of(const Buffer& from) {
    std::vector<T> values(from.size() / sizeof(T));
    const auto bytes = std::as_writable_bytes(std::span(values));
    EXPECT_TRUE(stream_->read(from, 0, bytes.size(), [bytes] { return bytes; }));
    return values;
  }

  Interrupt interrupt_;
  std::shared_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(CpuBackendTest, HasOneDevice) {
  CpuBackend backend;
  const auto entries = backend.devices();
  ASSERT_EQ(entries.size(), 1U);
  ASSERT_TRUE(entries[0].info);
  EXPECT_GT(entries[0].info->total_memory, 0U);
  const auto second = backend.open(1);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, GpuErrorCode::device_unavailable);
  EXPECT_EQ(second.error().message, "cpu has no device 1: there is one, device 0");
}

TEST_F(CpuBackendTest, AllocatesAlignedZeros) {
  for (const std::uint64_t size : {1, 63, 64, 65, 100000}) {
    const auto made = buffer(size);
    EXPECT_EQ(made->size(), size);
    const auto* bytes = static_cast<const cpu::CpuBuffer&>(*made).bytes();
    EXPECT_EQ(std::bit_cast<std::uintptr_t>(bytes) % cpu::kBufferAlignment, 0U);
    EXPECT_TRUE(std::all_of(bytes, bytes + size, [](std::byte b) { return b == std::byte{0}; }));
  }
}

TEST_F(CpuBackendTest, RefusesMoreThanThereIs) {
  const std::uint64_t total = device_->info().total_memory;
  for (const std::uint64_t size : {total + 1, UINT64_MAX - 1, UINT64_MAX}) {
    const auto made = stream_->allocate(size);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, GpuErrorCode::out_of_memory);
    EXPECT_THAT(made.error().message, HasSubstr(std::to_string(size) + " bytes"));
  }
}

TEST_F(CpuBackendTest, WrapsMemoryWithoutACopyAndKeepsItsOwner) {
  auto owner = std::make_shared<std::vector<float>>(std::vector<float>{1, -2, 3});
  const std::weak_ptr<std::vector<float>> watched = owner;
  float* const values = owner->data();
  const auto bytes = std::as_writable_bytes(std::span(*owner));
  auto wrapped = stream_->wrap({bytes, false, std::move(owner)});
  ASSERT_TRUE(wrapped);
  EXPECT_FALSE((*wrapped)->read_only());
  ASSERT_TRUE(stream_->elementwise({3, ElementwiseOp::relu}, **wrapped, nullptr, **wrapped));
  stream_->wait();
  EXPECT_EQ(values[1], 0.0F);
  values[0] = 5;
  EXPECT_EQ(values_of<float>(**wrapped), (std::vector<float>{5, 0, 3}));
  EXPECT_FALSE(watched.expired());
  stream_->release(std::move(*wrapped));
  EXPECT_TRUE(watched.expired());
}

TEST_F(CpuBackendTest, WrapsReadOnlyAndRefusesWhatKernelsCannotRead) {
  alignas(4) std::array<std::byte, 8> memory{};
  EXPECT_TRUE(stream_->wrap({memory, true, nullptr}).value()->read_only());
  const auto unaligned = stream_->wrap({std::span(memory).subspan(1), false, nullptr});
  ASSERT_FALSE(unaligned);
  EXPECT_EQ(unaligned.error().code, GpuErrorCode::invalid_params);
  EXPECT_THAT(unaligned.error().message, HasSubstr("aligned to 4"));
  const auto empty = stream_->wrap({});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, GpuErrorCode::invalid_params);
}

TEST_F(CpuBackendTest, ReturnsTheErrorOfARefusingDestination) {
  const auto made = buffer(8);
  int asked = 0;
  const auto read = stream_->read(*made, 0, 8, [&asked]() -> GpuResult<std::span<std::byte>> {
    ++asked;
    return gpu_error(GpuErrorCode::out_of_memory, "no room in the guest");
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "no room in the guest");
  EXPECT_EQ(asked, 1);
}

TEST_F(CpuBackendTest, EveryLongKernelStopsWhenInterrupted) {
  constexpr std::uint32_t kMany = 1 << 18;
  const auto in = buffer(std::uint64_t{kMany} * 4);
  const auto out = buffer(std::uint64_t{kMany} * 4);
  const auto one = buffer(4);
  // A tree that is one long path: only the interrupt ends its walk early.
  std::vector<forest::Node> nodes;
  for (std::uint32_t i = 1; i < kMany; ++i) nodes.push_back({0, 1, i, i});
  nodes.push_back({-1, 0, 0, 0});
  const auto path = buffer_of<forest::Node>(nodes);
  const std::vector<std::function<GpuResult<void>()>> calls{
      [&] { return stream_->bootstrap_sample({kMany, 1, 9}, *out); },
      [&] { return stream_->find_split({kMany, 1, 0, 1}, kMany, *in, *in, *in, *one, *out); },
      [&] { return stream_->find_split({1, 1, 0, kMany}, kMany, *in, *in, *in, *in, *out); },
      [&] { return stream_->average({1, kMany}, *in, *out); },
      [&] { return stream_->average({kMany, 1}, *in, *out); },
      [&] { return stream_->matmul({512, 512, 512, false, false, 1, 0}, *in, *in, *out); },
      [&] { return stream_->matmul({512, 0, 512, false, false, 1, 0}, *in, *in, *out); },
      [&] { return stream_->elementwise({kMany, ElementwiseOp::exp}, *in, nullptr, *out); },
      [&] { return stream_->reduce({kMany, ReduceOp::sum}, *in, *out); },
      [&] { return stream_->reduce({kMany, ReduceOp::variance}, *in, *out); },
      [&] { return stream_->reduce({kMany, ReduceOp::max}, *in, *out); },
      [&] { return stream_->batch_predict({1, 1, 1, UINT32_MAX}, *in, *path, *one, *out); },
      [&] {
        return stream_->batch_predict({kMany, 1, 1, 0}, *in, *buffer_of<forest::Node>({{-1, 1, 0, 0}}), *one, *out);
      },
  };
  interrupt_.request();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto result = calls[i]();
    ASSERT_FALSE(result) << "call " << i;
    EXPECT_EQ(result.error().code, GpuErrorCode::kernel_error) << "call " << i;
    EXPECT_EQ(result.error().message, "interrupted") << "call " << i;
  }
}

TEST_F(CpuBackendTest, NamesABadIndex) {
  const auto rows = buffer_of<float>({1, 2});
  const auto indices = buffer_of<std::uint32_t>({0, 1, 2});
  const auto scores = buffer(8);
  const auto result = stream_->find_split({3, 1, 0, 2}, 2, *rows, *rows, *indices, *rows, *scores);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "indices[2] = 2 is not a row: there are 2");
}

TEST_F(CpuBackendTest, NamesABadNode) {
  const auto samples = buffer_of<float>({0, 0});
  const auto out = buffer(4);
  const auto message = [&](std::vector<forest::Node> nodes, std::uint32_t offset) {
    const auto offsets = buffer_of<std::uint32_t>({offset});
    return stream_->batch_predict({1, 2, 1, 3}, *samples, *buffer_of(nodes), *offsets, *out).error().message;
  };
  const forest::Node leaf{forest::kLeaf, 1, 0, 0};
  EXPECT_EQ(message({leaf, leaf}, 2), "tree-offsets[0] = 2 is not a node: there are 2");
  EXPECT_EQ(message({leaf, {2, 1, 0, 0}}, 1), "tree-nodes[1].feature = 2 is not a feature: there are 2");
  EXPECT_EQ(message({{-2, 1, 0, 0}}, 0), "tree-nodes[0].feature = -2 is not a feature: there are 2");
  EXPECT_EQ(message({leaf, {0, 1, 1, 0}}, 1),
            "tree-nodes[1].left = 1 is not a node of the tree that starts at 1: there are 1");
  EXPECT_EQ(message({{0, -1, 0, UINT32_MAX}}, 0),
            "tree-nodes[0].right = 4294967295 is not a node of the tree that starts at 0: there are 1");
  EXPECT_EQ(message({{0, 1, 0, 0}}, 0),
            "the tree that starts at tree-nodes[0] reaches no leaf within max-depth = 3 edges: a row stands at "
            "tree-nodes[0]");
}

// More thresholds than one block has, unordered, some NaN: each block is right.
TEST_F(CpuBackendTest, FindSplitTakesManyThresholdsInBlocks) {
  constexpr std::uint32_t kMany = 150000;
  std::vector<float> thresholds(kMany);
  for (std::uint32_t i = 0; i < kMany; ++i) thresholds[i] = static_cast<float>((i * 7919U) % 5U);
  thresholds[70000] = std::numeric_limits<float>::quiet_NaN();
  const auto data = buffer_of<float>({1, 2, 3});
  const auto labels = buffer_of<float>({1e6F, 1e6F + 1, 1e6F + 4});
  const auto indices = buffer_of<std::uint32_t>({0, 1, 2});
  const auto out = buffer(kMany * 4);
  ASSERT_TRUE(stream_->find_split({3, 1, 0, kMany}, 3, *data, *labels, *indices, *buffer_of(thresholds), *out));
  const auto scores = values_of<float>(*out);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::array<float, 5> expected{kInfinity, 4.5F, 0.5F, kInfinity, kInfinity};
  for (std::uint32_t i = 0; i < kMany; ++i) {
    const float right = i == 70000 ? kInfinity : expected[static_cast<std::size_t>((i * 7919U) % 5U)];
    if (right == kInfinity) {
      ASSERT_EQ(scores[i], right) << i;
    } else {
      ASSERT_NEAR(scores[i], right, 1e-4 * right) << i;
    }
  }
}

// The sanitizers else end the process where calloc should return null.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }
extern "C" const char* __tsan_default_options() { return "allocator_may_return_null=1"; }

using CpuBackendDeathTest = CpuBackendTest;

// In a process of its own, because the limit stays.
TEST_F(CpuBackendDeathTest, ReportsThatTheSystemHasNoMemory) {
  const auto allocate_beyond_the_limit = [this] {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t limit = pages * 4096 + (rlim_t{16} << 20U);
    const rlimit limits{limit, limit};
    if (setrlimit(RLIMIT_AS, &limits) != 0) std::exit(2);
    const auto made = stream_->allocate(std::uint64_t{256} << 20U);
    const bool refused = !made && made.error().code == GpuErrorCode::out_of_memory &&
                         made.error().message.find("the system has no more") != std::string::npos;
    std::_Exit(refused ? 0 : 1);
  };
  EXPECT_EXIT(allocate_beyond_the_limit(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace gpu_host
