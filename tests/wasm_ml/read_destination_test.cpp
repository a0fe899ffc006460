// What the bindings' cabi_realloc gives the host.
#include "wasi_gpu/detail/read_destination.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace wasi_gpu::detail {
namespace {

class ReadDestinationTest : public testing::Test {
 protected:
  void* allocate(std::size_t size, std::size_t align = 1) { return reallocate(destination_, nullptr, 0, align, size); }

  std::vector<std::byte> memory_ = std::vector<std::byte>(64);  // aligned for any type
  ReadDestination destination_;
};

TEST_F(ReadDestinationTest, ARequestOfTheRightSizeGetsTheCallersMemoryOnce) {
  destination_.arm(memory_);
  void* first = allocate(memory_.size());
  void* second = allocate(memory_.size());
  EXPECT_EQ(first, memory_.data());
  EXPECT_TRUE(destination_.owns(first));
  EXPECT_NE(second, first);
  release(destination_, first, memory_.size());  // the caller's own: not freed
  release(destination_, second, memory_.size());
}

TEST_F(ReadDestinationTest, OtherSizesGetTheAllocators) {
  destination_.arm(memory_);
  void* text = allocate(memory_.size() - 1);
  EXPECT_FALSE(destination_.owns(text));
  release(destination_, text, memory_.size() - 1);
  EXPECT_EQ(allocate(memory_.size()), memory_.data());
}

TEST_F(ReadDestinationTest, MemoryThatIsNotAlignedAsAskedIsNotGiven) {
  const auto unaligned = std::span(memory_).subspan(1, 32);
  destination_.arm(unaligned);
  void* block = allocate(32, 8);
  EXPECT_NE(block, unaligned.data());
  release(destination_, block, 32);
  EXPECT_EQ(allocate(32, 1), unaligned.data());
}

TEST_F(ReadDestinationTest, NothingIsGivenUnlessArmed) {
  void* before = allocate(memory_.size());
  EXPECT_NE(before, memory_.data());
  destination_.arm(memory_);
  destination_.disarm();
  void* after = allocate(memory_.size());
  EXPECT_NE(after, memory_.data());
  release(destination_, before, memory_.size());
  release(destination_, after, memory_.size());
}

TEST_F(ReadDestinationTest, EmptyRequestsAndEmptyDestinations) {
  destination_.arm({});
  EXPECT_EQ(allocate(0, 8), reinterpret_cast<void*>(8));
  release(destination_, allocate(0, 8), 0);
}

TEST_F(ReadDestinationTest, GrowingKeepsTheContent) {
  destination_.arm(memory_);
  auto* block = static_cast<std::byte*>(allocate(memory_.size()));
  block[5] = std::byte{7};
  auto* grown = static_cast<std::byte*>(reallocate(destination_, block, memory_.size(), 1, 200));
  ASSERT_NE(grown, nullptr);
  EXPECT_FALSE(destination_.owns(grown));
  EXPECT_EQ(grown[5], std::byte{7});
  EXPECT_EQ(reallocate(destination_, grown, 200, 1, 100), grown);
  release(destination_, grown, 100);
}

TEST_F(ReadDestinationTest, LargeAlignmentsAreKept) {
  void* block = allocate(64, 64);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 64, 0U);
  release(destination_, block, 64);
}

}  // namespace
}  // namespace wasi_gpu::detail
