#include "abi/lift.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "abi/wit_types.hpp"
#include "fake_guest.hpp"

namespace gpu_host::abi {
namespace {

using testing::HasSubstr;

FlatValue i32(std::uint32_t value) { return {.i32 = static_cast<std::int32_t>(value)}; }
FlatValue f32(float value) { return {.f32 = value}; }

class LiftTest : public testing::Test {
 protected:
  template <class T>
  T lift(const std::vector<FlatValue>& flat) {
    EXPECT_EQ(flat.size(), Layout<T>::kFlat.size());
    return Lift<T>::lift(call_, FlatSource(flat));
  }

  test::FakeGuest guest_{100};
  Call call_{guest_, Encoding::canonical, "test"};
};

TEST_F(LiftTest, RecordsAreTheirFieldsInOrder) {
  const auto params = lift<MatmulParams>({i32(1), i32(2), i32(3), i32(0), i32(9), f32(0.5F), f32(-1)});
  EXPECT_EQ(params.m, 1U);
  EXPECT_EQ(params.k, 2U);
  EXPECT_EQ(params.n, 3U);
  EXPECT_FALSE(params.trans_a);
  EXPECT_TRUE(params.trans_b) << "any bool but 0 is true";
  EXPECT_EQ(params.alpha, 0.5F);
  EXPECT_EQ(params.beta, -1);
}

TEST_F(LiftTest, EveryFieldOfAGrowth) {
  const auto params = lift<wasi_gpu::GrowthParams>({{.i64 = std::int64_t{1} << 40},
                                                    i32(2),
                                                    i32(3),
                                                    i32(1),
                                                    i32(4),
                                                    i32(5),
                                                    i32(6),
                                                    {.f64 = 0.3},
                                                    {.f64 = 0.1},
                                                    i32(1),
                                                    i32(7),
                                                    i32(1),
                                                    i32(0),
                                                    i32(1)});
  EXPECT_EQ(params.seed, std::uint64_t{1} << 40);
  EXPECT_EQ(params.n_trees, 2U);
  EXPECT_EQ(params.max_features, 3U);
  EXPECT_EQ(params.max_depth, 4U);
  EXPECT_EQ(params.min_samples_split, 5U);
  EXPECT_EQ(params.min_samples_leaf, 6U);
  EXPECT_EQ(params.min_weight_fraction_leaf, 0.3);
  EXPECT_EQ(params.min_impurity_decrease, 0.1);
  EXPECT_EQ(params.n_draws, 7U);
  EXPECT_TRUE(params.balanced_subsample);
  EXPECT_FALSE(params.out_of_bag);
  EXPECT_TRUE(params.leaf_targets);
}

TEST_F(LiftTest, FlagsKeepAllBits) {
  EXPECT_EQ(lift<wasi_gpu::PartFlags>({i32(3)}), wasi_gpu::PartFlags{3});
  EXPECT_EQ(lift<wasi_gpu::PartFlags>({i32(0x8000'0100)}), wasi_gpu::PartFlags{0x8000'0100});
  EXPECT_FALSE(call_.invalid());
}

TEST_F(LiftTest, CasesOfForestsAreCounted) {
  EXPECT_EQ(lift<LeafKind>({i32(2)}), LeafKind::vector);
  EXPECT_EQ(lift<ForestPrediction>({i32(2)}), ForestPrediction::leaves);
  EXPECT_FALSE(call_.invalid());
  (void)lift<LeafKind>({i32(0x100)});
  ASSERT_TRUE(call_.invalid());
  EXPECT_EQ(call_.invalid()->message, "leaf-kind: 256 is not one of its 3 cases");
  Call other(guest_, Encoding::canonical, "test");
  (void)Lift<ForestPrediction>::lift(other, FlatSource(std::vector{i32(3)}));
  ASSERT_TRUE(other.invalid());
  EXPECT_EQ(other.invalid()->message, "prediction: 3 is not one of its 3 cases");
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

TEST_F(LiftTest, WhatIsNotThereIsNotLookedAt) {
  EXPECT_EQ(lift<std::optional<ElementType>>({i32(0), i32(99)}), std::nullopt);
  EXPECT_FALSE(call_.invalid());
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

// A guest's memory that the test writes.
class LiftFromMemoryTest : public testing::Test {
 protected:
  template <class T>
  void put(std::size_t address, T value) {
    std::memcpy(&guest_.bytes.at(address + sizeof value - 1) - (sizeof value - 1), &value, sizeof value);
  }
  void put_word(std::size_t address, std::uint32_t value) { put(address, value); }

  // What is at address 0.
  template <class T>
  T lift() {
    return Lift<T>::lift(call_, MemorySource(guest_.bytes));
  }
  template <class T>
  std::vector<T> lift_list(std::uint32_t pointer, std::uint32_t length) {
    return Lift<std::vector<T>>::lift(call_, FlatSource(std::vector{i32(pointer), i32(length)}));
  }
  [[nodiscard]] std::string trap() const { return call_.trap() ? call_.trap()->message : ""; }
  [[nodiscard]] std::string invalid() const { return call_.invalid() ? call_.invalid()->message : ""; }

  test::FakeGuest guest_{256};
  Call call_{guest_, Encoding::canonical, "test"};
};

void put_numbers(auto&& put, std::size_t at, std::uint32_t first) {
  put(at, first);
  put(at + 4, std::uint8_t{2});
  put(at + 8, std::uint64_t{first + 1});
  put(at + 16, std::int64_t{-1});
}

TEST_F(LiftFromMemoryTest, EveryFieldOfADataSet) {
  const auto put_it = [this](std::size_t at, auto value) { put(at, value); };
  put_word(0, 1);
  put_word(4, 160);
  put_word(8, 2);
  put_numbers(put_it, 16, 10);
  put_word(40, 3);
  put(48, std::uint8_t{1});
  put_numbers(put_it, 56, 20);
  put(80, std::uint8_t{0});
  put_word(112, 4);
  put(116, std::uint8_t{0x80});
  put(120, std::uint64_t{1} << 40);
  for (const std::size_t at : {160U, 200U}) {
    put_word(at, static_cast<std::uint32_t>(at));
    put(at + 4, std::uint8_t{10});
    put(at + 8, std::uint64_t{at + 1});
    put(at + 16, std::int64_t{-2});
    put(at + 24, std::int64_t{-3});
    put_word(at + 32, 5);
  }
  const auto params = lift<wasi_gpu::DataSetParams>();
  EXPECT_EQ(trap() + invalid(), "");
  EXPECT_EQ(params.n_rows, 1U);
  ASSERT_EQ(params.features.size(), 2U);
  EXPECT_EQ(params.features[1].buffer, 200U);
  EXPECT_EQ(params.features[1].element, ElementType::uint64);
  EXPECT_EQ(params.features[1].offset, 201U);
  EXPECT_EQ(params.features[1].row_stride, -2);
  EXPECT_EQ(params.features[1].column_stride, -3);
  EXPECT_EQ(params.features[1].n_columns, 5U);
  EXPECT_EQ(params.targets.buffer, 10U);
  EXPECT_EQ(params.targets.element, ElementType::float64);
  EXPECT_EQ(params.targets.offset, 11U);
  EXPECT_EQ(params.targets.stride, -1);
  EXPECT_EQ(params.n_classes, 3U);
  ASSERT_TRUE(params.draw_weights);
  EXPECT_EQ(params.draw_weights->buffer, 20U);
  EXPECT_FALSE(params.criterion_weights) << "whatever its bytes are";
  EXPECT_EQ(params.max_bins, 4U);
  EXPECT_TRUE(params.fine_bins) << "any byte but 0 is true";
  EXPECT_EQ(params.seed, std::uint64_t{1} << 40);
}

TEST_F(LiftFromMemoryTest, EveryFieldOfAModel) {
  const auto i64 = [](std::int64_t value) { return FlatValue{.i64 = value}; };
  put(16, 0.5);
  put(24, -2.0);
  put(32, std::uint64_t{1} << 40U);
  put_word(44, 7);
  const std::vector<FlatValue> flat{i32(1),  i32(2),  i32(3), i32(1),  i32(16),
                                    i32(2),  i32(32), i32(1), i32(44), i32(1),
                                    i32(12), i64(9),  i32(1), i32(5),  i64(std::int64_t{1} << 41U)};
  ASSERT_EQ(flat.size(), Layout<wasi_gpu::ModelParams>::kFlat.size());
  const auto params = Lift<wasi_gpu::ModelParams>::lift(call_, FlatSource(flat));
  EXPECT_EQ(trap() + invalid(), "");
  EXPECT_EQ(params.n_features, 1U);
  EXPECT_EQ(params.leaves, LeafKind::vector);
  EXPECT_EQ(params.n_outputs, 3U);
  EXPECT_TRUE(params.average);
  EXPECT_EQ(params.base, (std::vector{0.5, -2.0}));
  EXPECT_EQ(params.tree_offsets, std::vector{std::uint64_t{1} << 40U});
  EXPECT_EQ(params.tree_outputs, std::vector{7U});
  EXPECT_EQ(params.nodes, 12U);
  EXPECT_EQ(params.nodes_offset, 9U);
  ASSERT_TRUE(params.leaf_values);
  EXPECT_EQ(params.leaf_values->buffer, 5U);
  EXPECT_EQ(params.leaf_values->offset, std::uint64_t{1} << 41U);
}

TEST_F(LiftFromMemoryTest, ATableIsRowsAndBlocks) {
  put_word(40, 11);
  put(44, std::uint8_t{1});
  put(48, std::uint64_t{12});
  put(56, std::int64_t{-13});
  put(64, std::int64_t{14});
  put_word(72, 15);
  const auto table = Lift<wasi_gpu::Table>::lift(call_, FlatSource(std::vector{i32(3), i32(40), i32(1)}));
  EXPECT_EQ(trap() + invalid(), "");
  EXPECT_EQ(table.n_rows, 3U);
  ASSERT_EQ(table.features.size(), 1U);
  EXPECT_EQ(table.features[0].buffer, 11U);
  EXPECT_EQ(table.features[0].element, ElementType::float32);
  EXPECT_EQ(table.features[0].offset, 12U);
  EXPECT_EQ(table.features[0].row_stride, -13);
  EXPECT_EQ(table.features[0].column_stride, 14);
  EXPECT_EQ(table.features[0].n_columns, 15U);
}

TEST_F(LiftFromMemoryTest, ListsOfNumbersOf8BytesAreAlignedAsTheseAre) {
  (void)lift_list<double>(4, 1);
  EXPECT_EQ(trap(), "list: address 0x4 is not aligned to 8");
}

TEST_F(LiftFromMemoryTest, ListsOfRecordsWithOptions) {
  put_word(4, 7);
  put(8, std::uint8_t{1});
  put_word(12, 8);
  put(16, 0.5F);
  put(20, std::uint8_t{1});
  put_word(24, 9);
  put(28, std::uint8_t{0});
  const auto decisions = lift_list<SplitDecision>(4, 2);
  ASSERT_EQ(decisions.size(), 2U);
  EXPECT_EQ(decisions[0].node, 7U);
  ASSERT_TRUE(decisions[0].split);
  EXPECT_EQ(decisions[0].split->feature, 8U);
  EXPECT_EQ(decisions[0].split->threshold, 0.5F);
  EXPECT_TRUE(decisions[0].split->missing_left);
  EXPECT_EQ(decisions[1].node, 9U);
  EXPECT_FALSE(decisions[1].split);
  EXPECT_EQ(trap() + invalid(), "");
}

TEST_F(LiftFromMemoryTest, ListsOfRecordsOfNumbersAndRecords) {
  for (std::uint32_t i = 0; i < 8; ++i) put_word(4 * i, i);
  const auto features = lift_list<NodeFeature>(8, 2);
  ASSERT_EQ(features.size(), 2U);
  EXPECT_EQ(features[1].node, 4U);
  EXPECT_EQ(features[1].feature, 5U);
  const auto candidates = lift_list<SplitCandidate>(0, 2);
  ASSERT_EQ(candidates.size(), 2U);
  EXPECT_EQ(candidates[1].node, 4U);
  EXPECT_EQ(candidates[1].split.feature, 5U);
  EXPECT_TRUE(candidates[1].split.missing_left);
}

TEST_F(LiftFromMemoryTest, UnknownCasesInListsAreInvalidNotTraps) {
  put(0, std::uint8_t{11});
  (void)lift<ElementType>();
  EXPECT_EQ(invalid(), "element-type: 11 is not one of its 11 cases");
  EXPECT_EQ(trap(), "");
}

TEST_F(LiftFromMemoryTest, AnUnknownOptionIsInvalid) {
  put(8, std::uint8_t{255});
  (void)lift_list<SplitDecision>(4, 1);
  EXPECT_EQ(invalid(), "option: 255 is neither none (0) nor some (1)");
}

TEST_F(LiftFromMemoryTest, AListMayEndWhereMemoryEnds) {
  EXPECT_EQ(lift_list<NodeFeature>(248, 1).size(), 1U);
  EXPECT_TRUE(lift_list<NodeFeature>(256, 0).empty());
  EXPECT_EQ(trap(), "");
}

struct BadList {
  std::uint32_t pointer;
  std::uint32_t length;
  const char* trap;
};

class BadLists : public LiftFromMemoryTest, public testing::WithParamInterface<BadList> {};

TEST_P(BadLists, TrapBeforeAnythingIsAllocated) {
  const auto& [pointer, length, message] = GetParam();
  const auto list = lift_list<SplitCandidate>(pointer, length);
  EXPECT_EQ(trap(), message);
  EXPECT_EQ(list.capacity(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Lift, BadLists,
    testing::Values(BadList{248, 1, "list: 16 bytes at address 0xf8 are outside the memory of 256 bytes"},
                    BadList{260, 0, "list: 0 bytes at address 0x104 are outside the memory of 256 bytes"},
                    BadList{0, 17, "list: 272 bytes at address 0x0 are outside the memory of 256 bytes"},
                    // 16 * length is 0 and 16 in 32 bits.
                    BadList{0, 0x10000000, "list: 4294967296 bytes at address 0x0 are outside the memory of 256 bytes"},
                    BadList{0, 0x10000001, "list: 4294967312 bytes at address 0x0 are outside the memory of 256 bytes"},
                    BadList{0xfffffffc, 0xffffffff,
                            "list: 68719476720 bytes at address 0xfffffffc are outside the memory of 256 bytes"},
                    BadList{2, 1, "list: address 0x2 is not aligned to 4"},
                    BadList{1, 0, "list: address 0x1 is not aligned to 4"}));

TEST_F(LiftFromMemoryTest, ListsOfWideRecordsAreAlignedAsTheseAre) {
  (void)lift_list<wasi_gpu::Columns>(12, 1);
  EXPECT_EQ(trap(), "list: address 0xc is not aligned to 8");
}

}  // namespace
}  // namespace gpu_host::abi
