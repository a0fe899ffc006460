// An embedder's memory as a buffer. Optional: a backend that refuses must say so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/random.hpp"

namespace gpu_host::conformance {
namespace {

using Floats = std::vector<float>;

class MemoryWrapTest : public ConformanceTest {
 protected:
  // Null, and the test is skipped, where the backend cannot wrap.
  std::unique_ptr<DeviceMemory> wrap(Floats& values, bool read_only, std::shared_ptr<const void> owner = nullptr) {
    auto buffer = stream().wrap({std::as_writable_bytes(std::span(values)), read_only, std::move(owner)});
    if (buffer) return std::make_unique<DeviceMemory>(stream(), std::move(*buffer));
    EXPECT_EQ(buffer.error().code, GpuErrorCode::device_unavailable);
    EXPECT_NE(buffer.error().message, "");
    skip(buffer.error().message);
    return nullptr;
  }

 private:
  static void skip(const std::string& reason) { GTEST_SKIP() << reason; }
};

TEST_P(MemoryWrapTest, WritesReachTheEmbeddersMemory) {
  Floats values(1000, 3.0F);
  const auto memory = wrap(values, false);
  if (memory == nullptr) return;
  EXPECT_EQ((**memory).size(), 4000U);
  EXPECT_FALSE((**memory).read_only());
  EXPECT_EQ(memory->download<float>(1000), values);
  expect_success(stream(), stream().elementwise({1000, ElementwiseOp::add}, **memory, &**memory, **memory));
  EXPECT_THAT(memory->download<float>(1000), testing::Each(6.0F));
  EXPECT_THAT(values, testing::Each(6.0F));
}

TEST_P(MemoryWrapTest, ReadOnlyMemoryIsAnInput) {
  Floats values = Random(1).floats(1000, -1, 1);
  const Floats before = values;
  const auto memory = wrap(values, true);
  if (memory == nullptr) return;
  EXPECT_TRUE((**memory).read_only());
  const auto relu = run_kernel<float>(stream(), 1000, [&](Buffer& output) {
    return stream().elementwise({1000, ElementwiseOp::relu}, **memory, nullptr, output);
  });
  for (std::size_t i = 0; i < relu.size(); ++i) EXPECT_EQ(relu[i], std::max(before[i], 0.0F));
  EXPECT_EQ(values, before);
}

TEST_P(MemoryWrapTest, CopiesFromUnalignedEnds) {
  Floats values = Random(2).floats(64, -1, 1);
  const auto memory = wrap(values, true);
  if (memory == nullptr) return;
  const DeviceMemory target(stream(), 256);
  expect_success(stream(), stream().copy(**memory, 3, *target, 1, 250));
  const auto bytes = std::as_bytes(std::span(values));
  EXPECT_EQ(target.read(1, 250), std::vector<std::byte>(bytes.begin() + 3, bytes.begin() + 253));
}

TEST_P(MemoryWrapTest, TheOwnerIsKeptUntilTheBufferIsGone) {
  auto owner = std::make_shared<Floats>(16, 1.0F);
  const std::weak_ptr<Floats> watch = owner;
  Floats& values = *owner;
  auto memory = wrap(values, false, std::move(owner));
  if (memory == nullptr) return;
  EXPECT_FALSE(watch.expired());
  EXPECT_THAT(memory->download<float>(16), testing::Each(1.0F));
  memory.reset();
  stream().wait();
  EXPECT_TRUE(watch.expired());
}

INSTANTIATE_TEST_SUITE_P(Backends, MemoryWrapTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
