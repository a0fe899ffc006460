#include "backend/webgpu/buffer_pool.hpp"

#include <algorithm>

#include "webgpu/webgpu_test.hpp"

namespace gpu_host::webgpu {
namespace {

TEST(Capacity, HoldsTheSizeAndWastesLittle) {
  for (std::uint64_t size = 1; size < (std::uint64_t{1} << 40U); size += size / 37 + 1) {
    const std::uint64_t capacity = capacity_for(size);
    EXPECT_GE(capacity, size);
    EXPECT_EQ(capacity % 16, 0U) << size;
    EXPECT_EQ(capacity_for(capacity), capacity) << size;
    EXPECT_LE(capacity, std::max<std::uint64_t>(size + size / 4 + 16, 256)) << size;
  }
}

TEST(Capacity, IsTheSameForSizesThatAreClose) {
  EXPECT_EQ(capacity_for(1), capacity_for(256));
  EXPECT_EQ(capacity_for(1'000'000), capacity_for(1'000'100));
}

class BufferPoolTest : public WebGpuTest {
 protected:
  DeviceMemory memory(std::uint64_t capacity) {
    auto buffer = gpu().create_buffer(capacity, WGPUBufferUsage_Storage, false);
    return {.buffer = *std::move(buffer), .capacity = capacity};
  }
};

TEST_F(BufferPoolTest, GivesWhatItTookOfThatCapacity) {
  BufferPool pool(10'000);
  EXPECT_FALSE(pool.take(256).has_value());
  DeviceMemory given = memory(256);
  const WGPUBuffer handle = given.buffer.get();
  pool.give(std::move(given));
  pool.give(memory(512));
  EXPECT_FALSE(pool.take(1024).has_value());
  const auto taken = pool.take(256);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->buffer.get(), handle);
  EXPECT_FALSE(pool.take(256).has_value());
}

TEST_F(BufferPoolTest, FreesTheOldestWhereItHoldsTooMuch) {
  BufferPool pool(1000);
  pool.give(memory(512));
  pool.give(memory(256));
  pool.give(memory(320));
  EXPECT_FALSE(pool.take(512).has_value());
  EXPECT_TRUE(pool.take(256).has_value());
  EXPECT_TRUE(pool.take(320).has_value());
  pool.give(memory(1024));
  EXPECT_FALSE(pool.take(1024).has_value()) << "larger than all that it may keep";
}

TEST_F(BufferPoolTest, Clears) {
  BufferPool pool(1000);
  pool.give(memory(256));
  pool.clear();
  EXPECT_FALSE(pool.take(256).has_value());
}

}  // namespace
}  // namespace gpu_host::webgpu
