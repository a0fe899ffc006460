// Allocate, write, read and copy: any offset and any length, in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/random.hpp"

namespace gpu_host::conformance {
namespace {

using MemoryTest = ConformanceTest;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kSizes[] = {1, 2, 3, 4, 5, 7, 8, 63, 64, 65, 255, 256, 257, 4099, 1'000'003};

TEST_P(MemoryTest, TellsWhatItIs) {
  const DeviceInfo& info = device().info();
  EXPECT_EQ(info.backend, GetParam().substr(0, GetParam().find('_')));
  EXPECT_NE(info.name, "");
}

TEST_P(MemoryTest, NewBuffersReadAsZeros) {
  for (const std::uint64_t size : kSizes) {
    const DeviceMemory memory(stream(), size);
    EXPECT_EQ((*memory).size(), size);
    EXPECT_FALSE((*memory).read_only());
    EXPECT_EQ(memory.read(0, size), Bytes(size)) << size;
  }
}

TEST_P(MemoryTest, NewBuffersReadAsZerosWhateverLayThere) {
  for (int round = 0; round < 4; ++round) {
    for (const std::uint64_t size : kSizes) {
      for (const std::uint64_t next : {size, size + 1, std::max<std::uint64_t>(1, size / 2)}) {
        {
          const DeviceMemory dirty(stream(), size);
          dirty.write(0, Bytes(size, std::byte{0xff}));
        }
        const DeviceMemory memory(stream(), next);
        ASSERT_EQ(memory.read(0, next), Bytes(next)) << next << " bytes after " << size;
      }
    }
  }
}

TEST_P(MemoryTest, TooMuchIsOutOfMemory) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t size : {std::uint64_t{1} << 60, std::uint64_t{1} << 63, kMost - 3, kMost}) {
    const auto buffer = stream().allocate(size);
    ASSERT_FALSE(buffer.has_value()) << size;
    EXPECT_EQ(buffer.error().code, GpuErrorCode::out_of_memory) << size;
  }
  const DeviceMemory memory = upload(stream(), Bytes{std::byte{1}});
  EXPECT_EQ(memory.read(0, 1), Bytes{std::byte{1}});
}

TEST_P(MemoryTest, WritesAndReadsAtEveryOffsetAndLength) {
  constexpr std::uint64_t kSize = 21;
  Random random(1);
  for (std::uint64_t offset = 0; offset <= kSize; ++offset) {
    for (std::uint64_t length = 0; offset + length <= kSize; ++length) {
      Bytes expected = random.bytes(kSize);
      const DeviceMemory memory = upload(stream(), expected);
      const Bytes data = random.bytes(length);
      memory.write(offset, data);
      std::ranges::copy(data, expected.begin() + static_cast<std::ptrdiff_t>(offset));
      ASSERT_EQ(memory.read(0, kSize), expected) << length << " bytes at " << offset;
      ASSERT_EQ(memory.read(offset, length), data) << length << " bytes at " << offset;
    }
  }
}

TEST_P(MemoryTest, DataMayBeReusedAfterWrite) {
  const DeviceMemory memory(stream(), 100'000);
  Bytes data(100'000, std::byte{7});
  memory.write(0, data);
  std::ranges::fill(data, std::byte{9});
  EXPECT_EQ(memory.read(0, data.size()), Bytes(data.size(), std::byte{7}));
}

TEST_P(MemoryTest, CopiesWithinABufferLikeMemmove) {
  constexpr std::uint64_t kSize = 19;
  Random random(2);
  for (std::uint64_t from = 0; from <= kSize; ++from) {
    for (std::uint64_t to = 0; to <= kSize; ++to) {
      for (std::uint64_t length = 0; std::max(from, to) + length <= kSize; ++length) {
        const Bytes before = random.bytes(kSize);
        const DeviceMemory memory = upload(stream(), before);
        expect_success(stream(), stream().copy(*memory, from, *memory, to, length));
        Bytes expected = before;
        std::copy_n(before.begin() + static_cast<std::ptrdiff_t>(from), length,
                    expected.begin() + static_cast<std::ptrdiff_t>(to));
        ASSERT_EQ(memory.read(0, kSize), expected) << length << " bytes from " << from << " to " << to;
      }
    }
  }
}

TEST_P(MemoryTest, CopiesMuchThatOverlaps) {
  constexpr std::uint64_t kSize = 3'000'001;
  const Bytes before = Random(3).bytes(kSize);
  for (const auto& [from, to] : {std::pair{0, 1}, {1, 0}, {0, 4}, {5, 2}, {0, 1'000'000}, {999'999, 3}}) {
    const DeviceMemory memory = upload(stream(), before);
    const std::uint64_t length = kSize - static_cast<std::uint64_t>(std::max(from, to));
    expect_success(stream(), stream().copy(*memory, from, *memory, to, length));
    Bytes expected = before;
    std::copy_n(before.begin() + from, length, expected.begin() + to);
    ASSERT_TRUE(memory.read(0, kSize) == expected) << "from " << from << " to " << to;
  }
}

// Writes and copies in any order against a model of two buffers.
TEST_P(MemoryTest, RandomOperationsMatchAModel) {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    Bytes model[2] = {random.bytes(1 + random.below(3000)), random.bytes(1 + random.below(3000))};
    const DeviceMemory memory[2] = {upload(stream(), model[0]), upload(stream(), model[1])};
    for (int step = 0; step < 300; ++step) {
      const std::uint32_t source = random.below(2);
      const std::uint32_t target = random.below(2);
      const auto source_size = static_cast<std::uint32_t>(model[source].size());
      const auto target_size = static_cast<std::uint32_t>(model[target].size());
      const std::uint32_t from = random.below(source_size + 1);
      const std::uint32_t to = random.below(target_size + 1);
      const std::uint32_t length = random.below(std::min(source_size - from, target_size - to) + 1);
      const Bytes data = random.below(2) == 0 ? random.bytes(length) : Bytes{};
      if (data.empty()) {
        ASSERT_TRUE(stream().copy(*memory[source], from, *memory[target], to, length).has_value());
        const Bytes moved(model[source].begin() + from, model[source].begin() + from + length);
        std::ranges::copy(moved, model[target].begin() + to);
      } else {
        memory[target].write(to, data);
        std::ranges::copy(data, model[target].begin() + to);
      }
      if (step % 16 == 0) {
        ASSERT_EQ(memory[target].read(to, length),
                  Bytes(model[target].begin() + to, model[target].begin() + to + length));
      }
    }
    EXPECT_EQ(memory[0].read(0, model[0].size()), model[0]);
    EXPECT_EQ(memory[1].read(0, model[1].size()), model[1]);
  }
}

TEST_P(MemoryTest, ReadReturnsTheDestinationsRefusal) {
  const DeviceMemory memory(stream(), 8);
  int asked = 0;
  const GpuResult<void> refused = stream().read(*memory, 0, 8, [&]() -> GpuResult<std::span<std::byte>> {
    ++asked;
    return gpu_error(GpuErrorCode::out_of_memory, "no room in the guest");
  });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, GpuErrorCode::out_of_memory);
  EXPECT_EQ(refused.error().message, "no room in the guest");
  EXPECT_EQ(asked, 1);
  EXPECT_FALSE(stream().take_error().has_value());
  EXPECT_EQ(memory.read(0, 8), Bytes(8));
}

TEST_P(MemoryTest, ReadAsksForItsDestinationOnce) {
  const DeviceMemory memory = upload(stream(), Bytes(100, std::byte{3}));
  Bytes bytes(100);
  int asked = 0;
  const GpuResult<void> result = stream().read(*memory, 0, 100, [&]() -> GpuResult<std::span<std::byte>> {
    ++asked;
    return bytes;
  });
  EXPECT_TRUE(result.has_value());
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(bytes, Bytes(100, std::byte{3}));
}

// Nothing here waits: order alone makes it right.
TEST_P(MemoryTest, WorkIsDoneInOrder) {
  constexpr std::uint32_t kCount = 10'000;
  const DeviceMemory ones = upload(stream(), std::vector<float>(kCount, 1.0F));
  const DeviceMemory sum(stream(), kCount * 4);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(stream().elementwise({kCount, ElementwiseOp::add}, *sum, &*ones, *sum).has_value());
  }
  const DeviceMemory copied(stream(), kCount * 4);
  ASSERT_TRUE(stream().copy(*sum, 0, *copied, 0, kCount * 4).has_value());
  const std::vector<float> halves(kCount, 0.5F);
  ones.write(0, std::as_bytes(std::span(halves)));
  ASSERT_TRUE(stream().elementwise({kCount, ElementwiseOp::add}, *copied, &*ones, *copied).has_value());
  EXPECT_THAT(copied.download<float>(kCount), testing::Each(100.5F));
  EXPECT_THAT(sum.download<float>(kCount), testing::Each(100.0F));
}

TEST_P(MemoryTest, BuffersMayBeReleasedWhileWorkUsesThem) {
  constexpr std::uint32_t kCount = 300'000;
  const DeviceMemory output(stream(), kCount * 4);
  for (int i = 0; i < 10; ++i) {
    const DeviceMemory input = upload(stream(), std::vector<float>(kCount, 0.25F));
    ASSERT_TRUE(stream().elementwise({kCount, ElementwiseOp::add}, *output, &*input, *output).has_value());
  }
  EXPECT_THAT(output.download<float>(kCount), testing::Each(2.5F));
}

INSTANTIATE_TEST_SUITE_P(Backends, MemoryTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
