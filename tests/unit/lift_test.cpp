#include "abi/lift.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "abi/wit_types.hpp"
#include "fake_guest.hpp"

namespace gpu_host::abi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

FlatValue i32(std::uint32_t value) { return {.i32 = static_cast<std::int32_t>(value)}; }
FlatValue f32(float value) { return {.f32 = value}; }

class LiftTest : public testing::Test {
 protected:
  template <class T>
  T lift(const std::vector<FlatValue>& flat) {
    EXPECT_EQ(flat.size(), Lift<T>::kFlat.size());
    FlatReader in(flat);
    return Lift<T>::lift(call_, in);
  }

  test::FakeGuest guest_{100};
  Call call_{guest_, Encoding::canonical, "test"};
};

TEST_F(LiftTest, RecordsAreTheirFieldsInOrder) {
  EXPECT_THAT(Lift<MatmulParams>::kFlat, ElementsAre(CoreType::i32, CoreType::i32, CoreType::i32, CoreType::i32,
                                                     CoreType::i32, CoreType::f32, CoreType::f32));
  const auto params = lift<MatmulParams>({i32(1), i32(2), i32(3), i32(0), i32(9), f32(0.5F), f32(-1)});
  EXPECT_EQ(params.m, 1U);
  EXPECT_EQ(params.k, 2U);
  EXPECT_EQ(params.n, 3U);
  EXPECT_FALSE(params.trans_a);
  EXPECT_TRUE(params.trans_b) << "any bool but 0 is true";
  EXPECT_EQ(params.alpha, 0.5F);
  EXPECT_EQ(params.beta, -1);
}

TEST_F(LiftTest, UnknownCasesAreInvalidNotTraps) {
  EXPECT_EQ(lift<ElementwiseOp>({i32(7)}), ElementwiseOp::log);
  EXPECT_FALSE(call_.invalid());
  (void)lift<ElementwiseOp>({i32(8)});
  ASSERT_TRUE(call_.invalid());
  EXPECT_EQ(call_.invalid()->code, GpuErrorCode::invalid_params);
  EXPECT_THAT(call_.invalid()->message, HasSubstr("elementwise-op: 8"));
  EXPECT_FALSE(call_.trap());
}

TEST_F(LiftTest, OptionsAreNoneOrSome) {
  EXPECT_EQ(lift<std::optional<std::uint32_t>>({i32(0), i32(5)}), std::nullopt);
  EXPECT_EQ(lift<std::optional<std::uint32_t>>({i32(1), i32(5)}), 5U);
  EXPECT_FALSE(call_.invalid());
  (void)lift<std::optional<std::uint32_t>>({i32(2), i32(5)});
  EXPECT_TRUE(call_.invalid());
}

using Bytes = std::span<const std::byte>;

TEST_F(LiftTest, ListsAreTheGuestsOwnBytes) {
  const auto list = lift<Bytes>({i32(90), i32(10)});
  EXPECT_EQ(list.data(), guest_.bytes.data() + 90);
  EXPECT_EQ(list.size(), 10U);
  EXPECT_TRUE(lift<Bytes>({i32(100), i32(0)}).empty());
  EXPECT_FALSE(call_.trap());
}

class ListOutsideMemory : public LiftTest,
                          public testing::WithParamInterface<std::pair<std::uint32_t, std::uint32_t>> {};

TEST_P(ListOutsideMemory, Traps) {
  const auto [pointer, length] = GetParam();
  (void)lift<Bytes>({i32(pointer), i32(length)});
  ASSERT_TRUE(call_.trap());
  EXPECT_THAT(call_.trap()->message, HasSubstr("outside the memory of 100 bytes"));
}

INSTANTIATE_TEST_SUITE_P(Lift, ListOutsideMemory,
                         testing::Values(std::pair{90U, 11U}, std::pair{101U, 0U}, std::pair{0U, 101U},
                                         std::pair{0xffffffffU, 1U}, std::pair{0xffffffffU, 0xffffffffU},
                                         std::pair{1U, 0xffffffffU}));

}  // namespace
}  // namespace gpu_host::abi
