#include "abi/lower.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "abi/wit_types.hpp"
#include "fake_guest.hpp"

namespace gpu_host::abi {
namespace {

using test::kUntouched;
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

}  // namespace
}  // namespace gpu_host::abi
