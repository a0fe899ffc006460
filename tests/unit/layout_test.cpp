#include "abi/layout.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "abi/wit_types.hpp"

namespace gpu_host::abi {
namespace {

using testing::ElementsAre;
using wasi_gpu::Columns;
using wasi_gpu::DataSetParams;
using wasi_gpu::GrowthParams;
using wasi_gpu::LeafValues;
using wasi_gpu::ModelParams;
using wasi_gpu::Numbers;
using wasi_gpu::Table;

template <class T>
std::vector<std::uint32_t> offsets() {
  std::vector<std::uint32_t> all;
  for_each_field<T>([&](auto, const Place& place) { all.push_back(place.offset); });
  return all;
}

struct SizeAndAlign {
  std::uint32_t size;
  std::uint32_t align;
  friend bool operator==(const SizeAndAlign&, const SizeAndAlign&) = default;
};

template <class T>
SizeAndAlign layout() {
  return {Layout<T>::kSize, Layout<T>::kAlign};
}

// Worked out by hand; what a C compiler for wasm32 makes of wit-bindgen's header.
TEST(Layout, OfTheRecordsThatAreLifted) {
  EXPECT_THAT(offsets<Columns>(), ElementsAre(0, 4, 8, 16, 24, 32));
  EXPECT_EQ(layout<Columns>(), (SizeAndAlign{40, 8}));
  EXPECT_THAT(offsets<Numbers>(), ElementsAre(0, 4, 8, 16));
  EXPECT_EQ(layout<Numbers>(), (SizeAndAlign{24, 8}));
  EXPECT_THAT(offsets<DataSetParams>(), ElementsAre(0, 4, 16, 40, 48, 80, 112, 116, 120));
  EXPECT_EQ(layout<DataSetParams>(), (SizeAndAlign{128, 8}));
  EXPECT_THAT(offsets<GrowthParams>(), ElementsAre(0, 8, 12, 16, 24, 28, 32, 40, 48, 56, 57, 58));
  EXPECT_EQ(layout<GrowthParams>(), (SizeAndAlign{64, 8}));
  EXPECT_THAT(offsets<NodeFeature>(), ElementsAre(0, 4));
  EXPECT_EQ(layout<NodeFeature>(), (SizeAndAlign{8, 4}));
  EXPECT_THAT(offsets<SplitCandidate>(), ElementsAre(0, 4));
  EXPECT_EQ(layout<SplitCandidate>(), (SizeAndAlign{16, 4}));
  EXPECT_THAT(offsets<SplitDecision>(), ElementsAre(0, 4));
  EXPECT_EQ(layout<SplitDecision>(), (SizeAndAlign{20, 4}));
  EXPECT_THAT(offsets<LeafValues>(), ElementsAre(0, 8));
  EXPECT_EQ(layout<LeafValues>(), (SizeAndAlign{16, 8}));
  EXPECT_THAT(offsets<ModelParams>(), ElementsAre(0, 4, 8, 12, 16, 24, 32, 40, 48, 56));
  EXPECT_EQ(layout<ModelParams>(), (SizeAndAlign{80, 8}));
  EXPECT_THAT(offsets<Table>(), ElementsAre(0, 4));
  EXPECT_EQ(layout<Table>(), (SizeAndAlign{12, 4}));
}

TEST(Layout, OfTheRecordsThatAreLowered) {
  EXPECT_THAT(offsets<OpenNode>(), ElementsAre(0, 4, 8, 12, 16, 24));
  EXPECT_EQ(layout<OpenNode>(), (SizeAndAlign{32, 8}));
  EXPECT_THAT(offsets<ForestSplit>(), ElementsAre(0, 4, 8));
  EXPECT_EQ(layout<ForestSplit>(), (SizeAndAlign{12, 4}));
  EXPECT_THAT(offsets<FoundSplit>(), ElementsAre(0, 16, 24, 28));
  EXPECT_EQ(layout<FoundSplit>(), (SizeAndAlign{32, 8}));
  EXPECT_THAT(offsets<ValueRange>(), ElementsAre(0, 4, 8));
  EXPECT_EQ(layout<ValueRange>(), (SizeAndAlign{12, 4}));
  EXPECT_THAT(offsets<ForestShape>(), ElementsAre(0, 4, 8, 12, 16, 24, 32, 33, 36));
  EXPECT_EQ(layout<ForestShape>(), (SizeAndAlign{40, 8}));
  EXPECT_THAT(offsets<DeviceInfo>(), ElementsAre(0, 8, 16, 24, 28));
  EXPECT_EQ(layout<DeviceInfo>(), (SizeAndAlign{40, 8}));
}

template <class T>
constexpr std::uint32_t kValueOffset = Layout<std::optional<T>>::kValue.offset;

TEST(Layout, OfAnOptionIsAByteAndThenItsValue) {
  EXPECT_EQ(layout<std::optional<bool>>(), (SizeAndAlign{2, 1}));
  EXPECT_EQ(kValueOffset<bool>, 1U);
  EXPECT_EQ(layout<std::optional<std::uint32_t>>(), (SizeAndAlign{8, 4}));
  EXPECT_EQ(kValueOffset<std::uint32_t>, 4U);
  EXPECT_EQ(layout<std::optional<ForestSplit>>(), (SizeAndAlign{16, 4}));
  EXPECT_EQ(kValueOffset<ForestSplit>, 4U);
  EXPECT_EQ(layout<std::optional<FoundSplit>>(), (SizeAndAlign{40, 8}));
  EXPECT_EQ(kValueOffset<FoundSplit>, 8U);
}

TEST(Layout, OfAResultIsAWordAndThenTheLargerOfBoth) {
  EXPECT_EQ(layout<GpuResult<void>>(), (SizeAndAlign{16, 4}));
  EXPECT_EQ(layout<GpuResult<GuestList>>(), (SizeAndAlign{16, 4}));
  EXPECT_EQ(layout<GpuResult<ForestShape>>(), (SizeAndAlign{48, 8}));
  EXPECT_EQ(Layout<GpuResult<ForestShape>>::kPayload, 8U);
  EXPECT_EQ(layout<GpuResult<std::uint64_t>>(), (SizeAndAlign{24, 8}));
  EXPECT_EQ(Layout<GpuResult<std::uint64_t>>::kPayload, 8U);
}

TEST(Layout, FlatTypesAreThoseOfTheFieldsInOrder) {
  using enum CoreType;
  EXPECT_THAT(Layout<MatmulParams>::kFlat, ElementsAre(i32, i32, i32, i32, i32, f32, f32));
  EXPECT_THAT(Layout<Columns>::kFlat, ElementsAre(i32, i32, i64, i64, i64, i32));
  EXPECT_THAT(Layout<GrowthParams>::kFlat,
              ElementsAre(i64, i32, i32, i32, i32, i32, i32, f64, f64, i32, i32, i32, i32, i32));
  EXPECT_THAT(Layout<ModelParams>::kFlat,
              ElementsAre(i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, i64, i32, i32, i64));
  EXPECT_THAT(Layout<Table>::kFlat, ElementsAre(i32, i32, i32));
  EXPECT_THAT(Layout<wasi_gpu::PartFlags>::kFlat, ElementsAre(i32));
  EXPECT_EQ(Layout<DataSetParams>::kFlat.size(), 21U);
  EXPECT_EQ(Layout<DataSetParams>::kPlaces[5].flat, 13U);  // criterion-weights
}

}  // namespace
}  // namespace gpu_host::abi
