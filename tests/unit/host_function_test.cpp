#include "abi/host_function.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "abi/wit_types.hpp"
#include "fake_guest.hpp"

namespace gpu_host::abi {
namespace {

using enum CoreType;
using testing::Each;
using testing::ElementsAre;

int calls;  // of the functions below

GpuResult<std::uint32_t> sixteen_flat(Session&, const wasi_gpu::GrowthParams&, std::uint32_t, std::uint32_t last) {
  ++calls;
  return last;
}

GpuResult<std::uint32_t> seventeen_flat(Session&, bool first, const wasi_gpu::GrowthParams& params, std::uint32_t,
                                        std::uint32_t last) {
  ++calls;
  return first ? last + params.n_trees : 0;
}

GpuResult<std::vector<double>> as_list(Session&, double first, std::int64_t second) {
  ++calls;
  return std::vector{first, static_cast<double>(second)};
}

GpuResult<void> of_list(Session&, const std::vector<SplitDecision>&) {
  ++calls;
  return {};
}

GpuResult<std::uint32_t> without_memory(Session&) { throw std::bad_alloc(); }

void with_trap(Session&, Call& call, std::uint32_t argument) { call.set_trap({std::to_string(argument)}); }

class HostFunctionTest : public testing::Test {
 protected:
  HostFunctionTest() {
    calls = 0;
    guest_.use_bump_allocator(400);
  }

  template <auto function>
  bool invoke(const std::vector<FlatValue>& flat) {
    EXPECT_EQ(flat.size(), HostFunction<function>::kParameters.size());
    Call call(guest_, Encoding::canonical, "test");
    const bool succeeded = HostFunction<function>::invoke(session_, call, flat);
    trap_ = call.trap() ? call.trap()->message : "";
    return succeeded;
  }
  template <class T>
  void put(std::size_t address, T value) {
    std::memcpy(&guest_.bytes.at(address), &value, sizeof value);
  }
  std::uint32_t result(std::uint32_t word) { return guest_.u32(kResult + 4 * word); }

  static constexpr std::uint32_t kResult = 16;
  static constexpr FlatValue kResultPointer{.i32 = kResult};
  test::FakeGuest guest_{512};
  Session session_{[]() -> Result<std::shared_ptr<Device>> { return error(ErrorKind::device, "none"); }, Limits{}};
  std::string trap_;
};

TEST_F(HostFunctionTest, SixteenFlatArgumentsArePassedAsTheyAre) {
  using Function = HostFunction<&sixteen_flat>;
  EXPECT_EQ(Function::kParameters.size(), 17U);
  std::vector<FlatValue> flat(16, FlatValue{.i64 = 0});
  flat[15].i32 = 9;
  flat.push_back(kResultPointer);
  EXPECT_TRUE(invoke<&sixteen_flat>(flat));
  EXPECT_EQ(result(0), 0U);
  EXPECT_EQ(result(1), 9U);
}

// bool @0, params @8, the last argument @76: 80 bytes.
TEST_F(HostFunctionTest, MoreAreARecordInMemory) {
  using Function = HostFunction<&seventeen_flat>;
  EXPECT_THAT(Function::kParameters, ElementsAre(i32, i32));
  for (const std::uint32_t at : {104U, 432U}) {
    std::ranges::fill(std::span(guest_.bytes).subspan(at, 80), std::byte{0});
    put(at, std::uint8_t{1});
    put(at + 8 + 8, 30U);
    put(at + 76, 400U);
    EXPECT_TRUE(invoke<&seventeen_flat>({{.i32 = static_cast<std::int32_t>(at)}, kResultPointer})) << trap_;
    EXPECT_EQ(result(1), 430U);
  }
}

TEST_F(HostFunctionTest, ARecordOfArgumentsThatIsNotInMemoryTraps) {
  EXPECT_FALSE(invoke<&seventeen_flat>({{.i32 = 440}, kResultPointer}));
  EXPECT_EQ(trap_, "parameters: 80 bytes at address 0x1b8 are outside the memory of 512 bytes");
  EXPECT_FALSE(invoke<&seventeen_flat>({{.i32 = -8}, kResultPointer}));
  EXPECT_EQ(trap_, "parameters: 80 bytes at address 0xfffffff8 are outside the memory of 512 bytes");
  EXPECT_FALSE(invoke<&seventeen_flat>({{.i32 = 100}, kResultPointer}));
  EXPECT_EQ(trap_, "parameters: address 0x64 is not aligned to 8");
  EXPECT_EQ(calls, 0);
}

TEST_F(HostFunctionTest, AListIsCopiedToTheGuest) {
  EXPECT_THAT(HostFunction<&as_list>::kParameters, ElementsAre(f64, i64, i32));
  EXPECT_TRUE(invoke<&as_list>({{.f64 = 0.5}, {.i64 = -2}, kResultPointer}));
  EXPECT_EQ(result(0), 0U);
  EXPECT_EQ(result(1), 400U);
  EXPECT_EQ(result(2), 2U);
  EXPECT_EQ(guest_.u32(404), 0x3fe00000U);
  EXPECT_EQ(guest_.u32(412), 0xc0000000U);
}

TEST_F(HostFunctionTest, AListThatTheGuestHasNoRoomForIsOutOfMemory) {
  guest_.allocator = [](auto, auto) { return 0U; };
  EXPECT_FALSE(invoke<&as_list>({{.f64 = 0.5}, {.i64 = -2}, kResultPointer}));
  EXPECT_EQ(result(0), 1U);
  EXPECT_EQ(result(1), 0U);
  EXPECT_EQ(trap_, "");
}

TEST_F(HostFunctionTest, AListWithoutAllocatorTraps) {
  guest_.allocator = nullptr;
  EXPECT_FALSE(invoke<&as_list>({{.f64 = 0.5}, {.i64 = -2}, kResultPointer}));
  EXPECT_EQ(trap_, "list: the module must export cabi_realloc to receive it");
  EXPECT_EQ(result(0), test::kUntouched);
}

// What it makes could not be told.
TEST_F(HostFunctionTest, NothingIsDoneWithoutAResultArea) {
  for (const std::uint32_t address : {500U, 14U, 0xfffffff0U}) {
    EXPECT_FALSE(invoke<&as_list>({{.f64 = 1}, {.i64 = 1}, {.i32 = static_cast<std::int32_t>(address)}}));
    EXPECT_THAT(trap_, testing::StartsWith("result pointer: "));
  }
  EXPECT_EQ(calls, 0);
  EXPECT_THAT(guest_.bytes, Each(std::byte{0xaa}));
}

TEST_F(HostFunctionTest, NothingIsDoneWithAListOutsideMemory) {
  EXPECT_FALSE(invoke<&of_list>({{.i32 = 0}, {.i32 = 26}, kResultPointer}));
  EXPECT_EQ(trap_, "list: 520 bytes at address 0x0 are outside the memory of 512 bytes");
  EXPECT_EQ(calls, 0);
  EXPECT_THAT(guest_.bytes, Each(std::byte{0xaa}));
}

TEST_F(HostFunctionTest, NothingIsDoneWithAnArgumentThatIsInvalid) {
  EXPECT_FALSE(invoke<&of_list>({{.i32 = 64}, {.i32 = 1}, kResultPointer}));  // an option of 0xaa
  EXPECT_EQ(trap_, "");
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(result(0), 1U);
}

TEST_F(HostFunctionTest, WithoutMemoryOfTheHostItIsOutOfMemory) {
  EXPECT_FALSE(invoke<&without_memory>({kResultPointer}));
  EXPECT_EQ(result(0), 1U);
  EXPECT_EQ(result(1), 0U);
  EXPECT_EQ(trap_, "");
}

TEST_F(HostFunctionTest, OneWithoutResultTakesNoPointer) {
  EXPECT_THAT(HostFunction<&with_trap>::kParameters, ElementsAre(i32));
  EXPECT_FALSE(invoke<&with_trap>({{.i32 = 7}}));
  EXPECT_EQ(trap_, "7");
  EXPECT_THAT(guest_.bytes, Each(std::byte{0xaa}));
}

}  // namespace
}  // namespace gpu_host::abi
