// The C++ bindings for guests, over the host's library.
#include "wasi_gpu/wasi_gpu.hpp"

#include <gmock/gmock.h>

#include <array>
#include <vector>

namespace wasi_gpu {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

TEST(SdkTest, DeviceInfo) {
  const DeviceInfo info = device_info();
  EXPECT_EQ(info.backend, "cpu");
  EXPECT_NE(info.name, "");
  EXPECT_GT(info.total_memory, 0U);
  sync();
}

TEST(SdkTest, BuffersAreZeroWriteReadAndCopy) {
  auto buffer = Buffer::create_for<float>(4);
  ASSERT_TRUE(buffer);
  EXPECT_EQ(buffer->size(), 16U);
  std::vector<float> values(4, 1.0F);
  ASSERT_TRUE(buffer->read(values));
  EXPECT_THAT(values, ElementsAre(0, 0, 0, 0));
  ASSERT_TRUE(buffer->write(std::array{1.0F, 2.0F}, sizeof(float)));
  ASSERT_TRUE(buffer->copy_to(*buffer, 12, 0, 4));
  ASSERT_TRUE(buffer->read(values));
  EXPECT_THAT(values, ElementsAre(0, 0, 1, 2));
  ASSERT_TRUE(buffer->read(std::span(values).first(1), 12));
  EXPECT_EQ(values[0], 2);
}

TEST(SdkTest, BuffersMoveAndAreDestroyedOnce) {
  auto made = Buffer::from(std::array{1.0F});
  ASSERT_TRUE(made);
  Buffer buffer = *std::move(made);
  const BufferId id = buffer.id();
  EXPECT_FALSE(*made);
  Buffer other = std::move(buffer);
  EXPECT_EQ(other.id(), id);
  other = Buffer();
  EXPECT_EQ(host_calls::buffer_destroy(id).error().code, ErrorCode::invalid_buffer);
}

TEST(SdkTest, ErrorsAreValues) {
  EXPECT_EQ(Buffer::create(0).error().code, ErrorCode::invalid_params);
  EXPECT_EQ(Buffer::create_for<double>(UINT64_MAX / 4).error().code, ErrorCode::out_of_memory);
  std::vector<float> values(2);
  EXPECT_EQ(Buffer().read(values).error().code, ErrorCode::invalid_buffer);
  auto buffer = Buffer::create(4);
  ASSERT_TRUE(buffer);
  const auto read = buffer->read(values);
  ASSERT_FALSE(read);
  EXPECT_THAT(describe(read.error()), StartsWith("invalid parameters: "));
  EXPECT_EQ(describe({ErrorCode::out_of_memory, ""}), "out of memory");
}

TEST(SdkTest, AllKernels) {
  auto a = Buffer::from(std::array{1.0F, 2.0F, 3.0F, 4.0F});
  auto b = Buffer::from(std::array{-1.0F, 0.0F, 1.0F, 2.0F});
  auto c = Buffer::create_for<float>(4);
  ASSERT_TRUE(a && b && c);
  std::array<float, 4> out{};
  ASSERT_TRUE(matmul({.m = 2, .k = 2, .n = 2, .trans_b = true}, *a, *b, *c));
  ASSERT_TRUE(c->read(out));
  EXPECT_THAT(out, ElementsAre(-1, 5, -3, 11));
  ASSERT_TRUE(elementwise({.n_elements = 4, .op = ElementwiseOp::add}, *a, *b, *c));
  ASSERT_TRUE(elementwise({.n_elements = 4, .op = ElementwiseOp::relu}, *b, *b));
  ASSERT_TRUE(c->read(out));
  EXPECT_THAT(out, ElementsAre(0, 2, 4, 6));
  ASSERT_TRUE(b->read(out));
  EXPECT_THAT(out, ElementsAre(0, 0, 1, 2));
  ASSERT_TRUE(reduce({.n_elements = 4, .op = ReduceOp::variance}, *a, *c));
  ASSERT_TRUE(c->read(out));
  EXPECT_FLOAT_EQ(out[0], 1.25F);
  ASSERT_TRUE(average({.n_trees = 2, .n_samples = 2}, *a, *c));
  ASSERT_TRUE(c->read(out));
  EXPECT_THAT(std::span(out).first(2), ElementsAre(1.5F, 3.5F));

  auto indices = Buffer::create_for<std::uint32_t>(4);
  auto scores = Buffer::create_for<float>(1);
  ASSERT_TRUE(indices && scores);
  ASSERT_TRUE(bootstrap_sample({.n_samples = 4, .seed = 1, .max_index = 4}, *indices));
  std::array<std::uint32_t, 4> rows{};
  ASSERT_TRUE(indices->read(rows));
  EXPECT_THAT(rows, testing::Each(testing::Lt(4U)));
  ASSERT_TRUE(indices->write(std::array{0U, 1U, 2U, 3U}));
  auto threshold = Buffer::from(std::array{2.5F});
  ASSERT_TRUE(threshold);
  ASSERT_TRUE(find_split({.n_samples = 4, .n_features = 1, .feature_idx = 0, .n_thresholds = 1}, *a, *b, *indices,
                         *threshold, *scores));
  std::array<float, 1> score{};
  ASSERT_TRUE(scores->read(score));
  EXPECT_FLOAT_EQ(score[0], 0.5F);  // 0, 0 on the left; 1, 2 on the right
}

}  // namespace
}  // namespace wasi_gpu
