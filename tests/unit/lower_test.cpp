#include "abi/lower.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "abi/wit_types.hpp"
#include "fake_guest.hpp"

namespace gpu_host::abi {
namespace {

// A value of 1024 bytes in guest memory, and 1 here.
struct Kilobyte {};

}  // namespace

template <>
struct Layout<Kilobyte> {
  static constexpr std::uint32_t kSize = 1024;
  static constexpr std::uint32_t kAlign = 1;
};
template <>
struct Lower<Kilobyte> {
  static void store(Call&, std::uint32_t, Kilobyte) {}
};

namespace {

using test::kUntouched;
using testing::ElementsAre;
using testing::HasSubstr;

class LowerTest : public testing::Test {
 protected:
  LowerTest() { guest_.use_bump_allocator(200); }

  template <class T>
  void store(const T& value, Encoding encoding = Encoding::canonical) {
    Call call(guest_, encoding, "test");
    Lower<T>::store(call, kAt, value);
    trap_ = call.trap() ? call.trap()->message : "";
  }
  std::uint32_t word(std::uint32_t offset) { return guest_.u32(kAt + offset); }
  std::vector<std::uint32_t> words(std::size_t address, std::size_t count) {
    std::vector<std::uint32_t> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(guest_.u32(address + 4 * i));
    return all;
  }

  static constexpr std::uint32_t kAt = 16;
  test::FakeGuest guest_{400};
  std::string trap_;
};

TEST_F(LowerTest, AnOkWithoutValueIsOneZeroWord) {
  store(GpuResult<void>{});
  EXPECT_EQ(word(0), 0U);
  EXPECT_EQ(word(4), kUntouched);
  EXPECT_EQ(word(12), kUntouched);
}

TEST_F(LowerTest, AnOkIdIsTwoWords) {
  store(GpuResult<std::uint32_t>{7});
  EXPECT_EQ(word(0), 0U);
  EXPECT_EQ(word(4), 7U);
  EXPECT_EQ(word(8), kUntouched);
}

TEST_F(LowerTest, AnOkListIsPointerAndLength) {
  store(GpuResult<GuestList>{GuestList{1000, 5}});
  EXPECT_EQ(word(0), 0U);
  EXPECT_EQ(word(4), 1000U);
  EXPECT_EQ(word(8), 5U);
  EXPECT_EQ(word(12), kUntouched);
}

TEST_F(LowerTest, AnErrorWithoutTextEndsWithItsCase) {
  store(GpuResult<void>{gpu_error(GpuErrorCode::device_unavailable, "for the log")});
  EXPECT_EQ(word(0), 1U);
  EXPECT_EQ(word(4), 3U);
  EXPECT_EQ(word(8), kUntouched);
}

TEST_F(LowerTest, AnErrorWithTextPutsItIntoGuestMemory) {
  store(GpuResult<void>{gpu_error(GpuErrorCode::invalid_params, "size: wrong")});
  EXPECT_EQ(word(0), 1U);
  EXPECT_EQ(word(4), 4U);
  EXPECT_EQ(word(12), 11U);
  EXPECT_EQ(guest_.text(word(8), word(12)), "size: wrong");
}

TEST_F(LowerTest, LegacyLeavesTheTextOut) {
  store(GpuResult<void>{gpu_error(GpuErrorCode::invalid_params, "size: wrong")}, Encoding::legacy);
  EXPECT_EQ(word(0), 1U);
  EXPECT_EQ(word(4), 4U);
  EXPECT_EQ(word(8), kUntouched);
}

TEST_F(LowerTest, WithoutAnAllocatorTheTextIsEmpty) {
  guest_.allocator = nullptr;
  store(GpuResult<void>{gpu_error(GpuErrorCode::kernel_error, "text")});
  EXPECT_EQ(word(4), 2U);
  EXPECT_EQ(word(8), 0U);
  EXPECT_EQ(word(12), 0U);
}

TEST_F(LowerTest, WithoutRoomForTheTextTheGuestIsOutOfMemory) {
  guest_.allocator = [](auto, auto) { return 0U; };
  store(GpuResult<void>{gpu_error(GpuErrorCode::kernel_error, "text")});
  EXPECT_EQ(word(0), 1U);
  EXPECT_EQ(word(4), 0U);
  EXPECT_EQ(word(8), kUntouched);
  EXPECT_EQ(trap_, "");
}

TEST_F(LowerTest, ADeviceInfoHasTheLayoutOfTheContract) {
  store(DeviceInfo{"name", "cpu", 0x1122334455667788, true, "x"});
  EXPECT_EQ(guest_.text(word(0), word(4)), "name");
  EXPECT_EQ(guest_.text(word(8), word(12)), "cpu");
  EXPECT_EQ(word(16), 0x55667788U);
  EXPECT_EQ(word(20), 0x11223344U);
  EXPECT_EQ(word(24), 1U);
  EXPECT_EQ(guest_.text(word(28), word(32)), "x");
  EXPECT_EQ(word(36), kUntouched);
}

TEST_F(LowerTest, ADeviceInfoWithoutAllocatorTraps) {
  guest_.allocator = nullptr;
  store(DeviceInfo{"name", "cpu", 1, true, "x"});
  EXPECT_THAT(trap_, HasSubstr("must export cabi_realloc"));
}

TEST_F(LowerTest, ABlockOutsideMemoryTraps) {
  guest_.allocator = [](auto, auto) { return 399U; };
  store(GpuResult<void>{gpu_error(GpuErrorCode::kernel_error, "text")});
  EXPECT_THAT(trap_, HasSubstr("block from cabi_realloc"));
}

TEST_F(LowerTest, AllocateRefusesAMisalignedBlock) {
  guest_.allocator = [](auto, auto) { return 201U; };
  Call call(guest_, Encoding::canonical, "test");
  EXPECT_FALSE(call.allocate(8, 4, "list"));
  ASSERT_TRUE(call.trap());
  EXPECT_THAT(call.trap()->message, HasSubstr("not aligned to 4"));
}

TEST_F(LowerTest, StoresWhereMemoryIsAfterItHasMoved) {
  guest_.allocator = [this](auto, auto) {
    std::vector<std::byte> grown(100'000, std::byte{0xaa});
    std::ranges::copy(guest_.bytes, grown.begin());
    guest_.bytes = std::move(grown);
    return 90'000U;
  };
  store(GpuResult<void>{gpu_error(GpuErrorCode::kernel_error, "text")});
  EXPECT_EQ(trap_, "");
  EXPECT_EQ(guest_.text(word(8), word(12)), "text");
}

TEST_F(LowerTest, AnOkRecordThatIsAlignedTo8IsBehindTwoWords) {
  store(GpuResult<ForestShape>{{.n_trees = 1,
                                .n_features = 2,
                                .leaves = LeafKind::vector,
                                .n_outputs = 3,
                                .n_nodes = 4,
                                .n_leaves = 1ULL << 32,
                                .has_weights = true,
                                .has_leaf_targets = false,
                                .numerics = 6}});
  EXPECT_EQ(word(0), 0U);
  EXPECT_EQ(word(4), kUntouched);
  EXPECT_THAT(words(kAt + 8, 10), ElementsAre(1, 2, 2, 3, 4, 0, 0, 1, 1, 6));
  EXPECT_EQ(word(48), kUntouched);
}

TEST_F(LowerTest, ANumberOf8BytesToo) {
  store(GpuResult<std::uint64_t>{0x1122334455667788});
  EXPECT_EQ(word(0), 0U);
  EXPECT_EQ(word(4), kUntouched);
  EXPECT_THAT(words(kAt + 8, 3), ElementsAre(0x55667788, 0x11223344, kUntouched));
  store(GpuResult<std::uint64_t>{gpu_error(GpuErrorCode::invalid_params, "text")});
  EXPECT_EQ(word(0), 1U);
  EXPECT_EQ(word(8), 4U);
  EXPECT_EQ(guest_.text(word(12), word(16)), "text");
}

class LowerListTest : public LowerTest {
 protected:
  template <class T>
  GpuResult<GuestList> lower(const std::vector<T>& values) {
    Call call(guest_, Encoding::canonical, "test");
    auto list = lower_list(call, values);
    trap_ = call.trap() ? call.trap()->message : "";
    return list;
  }
  // The words of the list and the one after it.
  template <class T>
  std::vector<std::uint32_t> lowered(const std::vector<T>& values) {
    const auto list = lower(values);
    if (!list) return {};
    EXPECT_EQ(list->pointer % Layout<T>::kAlign, 0U);
    EXPECT_EQ(list->length, values.size());
    return words(list->pointer, values.size() * Layout<T>::kSize / 4 + 1);
  }
};

TEST_F(LowerListTest, OfNumbers) {
  guest_.use_bump_allocator(201);
  EXPECT_THAT(lowered(std::vector<std::uint32_t>{1, 2}), ElementsAre(1, 2, kUntouched));
  EXPECT_THAT(lowered(std::vector<std::uint64_t>{1ULL << 32 | 7}), ElementsAre(7, 1, kUntouched));
  EXPECT_THAT(lowered(std::vector<double>{1.0}), ElementsAre(0, 0x3ff00000, kUntouched));
}

TEST_F(LowerListTest, OfRecordsHasZerosForPadding) {
  EXPECT_THAT(
      lowered(std::vector<OpenNode>{{.tree = 1, .node = 2, .depth = 3, .rows = 4, .weight = 5, .impurity = 1.0}}),
      ElementsAre(1, 2, 3, 4, 5, 0, 0, 0x3ff00000, kUntouched));
  EXPECT_THAT(lowered(std::vector<ValueRange>{{.low = 1, .high = 2, .missing = 3}}),
              ElementsAre(0x3f800000, 0x40000000, 3, kUntouched));
}

TEST_F(LowerListTest, OfOptionsHasZerosWhereThereIsNone) {
  const FoundSplit found{
      .split = {.feature = 9, .threshold = 1, .missing_left = true}, .decrease = 1.0, .left_rows = 7, .left_weight = 8};
  EXPECT_THAT(lowered(std::vector<std::optional<FoundSplit>>{std::nullopt, found}),
              ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  //
                          1, 0, 9, 0x3f800000, 1, 0, 0, 0x3ff00000, 7, 8, kUntouched));
}

TEST_F(LowerListTest, OfNothingIsAskedForToo) {
  const auto list = lower(std::vector<double>{});
  ASSERT_TRUE(list);
  EXPECT_EQ(list->pointer, 200U);
  EXPECT_EQ(list->length, 0U);
}

TEST_F(LowerListTest, AsksForAllItsBytesAligned) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> asked;
  guest_.allocator = [&](std::uint32_t align, std::uint32_t size) {
    asked.emplace_back(align, size);
    return 200U;
  };
  (void)lower(std::vector<OpenNode>(3));
  (void)lower(std::vector<NodeFeature>(3));
  EXPECT_THAT(asked, ElementsAre(std::pair{8U, 96U}, std::pair{4U, 24U}));
}

TEST_F(LowerListTest, WithoutRoomIsOutOfMemory) {
  guest_.allocator = [](auto, auto) { return 0U; };
  const auto list = lower(std::vector<std::uint32_t>{1});
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, GpuErrorCode::out_of_memory);
  EXPECT_EQ(trap_, "");
}

// 4 GiB and more are not asked for at all.
TEST_F(LowerListTest, WithMoreBytesThanA32BitSizeHasIsOutOfMemory) {
  guest_.allocator = [](auto, auto) -> std::uint32_t {
    ADD_FAILURE() << "asked for";
    return 0;
  };
  const auto list = lower(std::vector<Kilobyte>(1U << 22));
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, GpuErrorCode::out_of_memory);
  EXPECT_EQ(trap_, "");
}

TEST_F(LowerListTest, IsNotWrittenWhereItsBlockIsWrong) {
  const std::vector<std::byte> before = guest_.bytes;
  for (const auto& [pointer, message] :
       {std::pair{204U, "not aligned to 8"}, std::pair{400U, "outside the memory"}, std::pair{392U, "outside"}}) {
    guest_.allocator = [address = pointer](auto, auto) { return address; };
    EXPECT_FALSE(lower(std::vector<double>{1, 2}));
    EXPECT_THAT(trap_, HasSubstr(message));
  }
  EXPECT_EQ(guest_.bytes, before);
}

}  // namespace
}  // namespace gpu_host::abi
