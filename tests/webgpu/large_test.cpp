// More than a binding holds, and more workgroups than a dimension has.
#include <algorithm>
#include <cstring>
#include <vector>

#include "webgpu/webgpu_test.hpp"

namespace gpu_host::webgpu {
namespace {

class LargeTest : public WebGpuTest {
 protected:
  static std::vector<std::byte> read(Stream& stream, const Buffer& buffer, std::uint64_t offset, std::uint64_t size) {
    std::vector<std::byte> bytes(size);
    const auto result = stream.read(buffer, offset, size, [&bytes] { return std::span(bytes); });
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return bytes;
  }

  // Where something went wrong it went wrong at an end or a seam.
  static void expect_copied(Stream& stream, const Buffer& buffer, std::uint64_t offset,
                            const std::vector<std::byte>& data) {
    EXPECT_TRUE(read(stream, buffer, offset, data.size()) == data);
  }
};

TEST_F(LargeTest, CopiesOfAnyOffset) {
  const std::uint64_t size =
      std::min<std::uint64_t>(gpu().limits().max_binding, std::uint64_t{128} << 20U) + 12'345'677;
  std::vector<std::byte> data(size);
  for (std::uint64_t i = 0; i < size; ++i) data[i] = static_cast<std::byte>(i * 2654435761U >> 24U);
  const auto stream = new_stream();
  const auto source = *stream->allocate(size);
  const auto target = *stream->allocate(size + 100);
  ASSERT_TRUE(stream->write(*source, 0, data).has_value());
  ASSERT_TRUE(stream->copy(*source, 0, *target, 7, size).has_value());
  expect_copied(*stream, *target, 7, data);
  EXPECT_EQ(read(*stream, *target, 0, 7), std::vector<std::byte>(7));
  EXPECT_EQ(read(*stream, *target, size + 7, 93), std::vector<std::byte>(93));

  // Within one buffer, both ways.
  ASSERT_TRUE(stream->copy(*target, 7, *target, 50, size).has_value());
  expect_copied(*stream, *target, 50, data);
  ASSERT_TRUE(stream->copy(*target, 50, *target, 1, size).has_value());
  expect_copied(*stream, *target, 1, data);
}

TEST_F(LargeTest, Kernels) {
  const std::uint64_t count =
      std::min<std::uint64_t>(gpu().limits().max_binding, std::uint64_t{128} << 20U) / 4 + 1'000'003;
  const auto n = static_cast<std::uint32_t>(count);
  std::vector<float> values(count);
  for (std::uint64_t i = 0; i < count; ++i) values[i] = static_cast<float>(static_cast<std::int64_t>(i % 1000) - 500);
  const auto stream = new_stream();
  const auto input = *stream->allocate(count * 4);
  const auto output = *stream->allocate(count * 4);
  const auto result = *stream->allocate(4);
  const auto scalar = [&] {
    float value = 0;
    const auto bytes = read(*stream, *result, 0, 4);
    std::memcpy(&value, bytes.data(), 4);
    return value;
  };
  ASSERT_TRUE(stream->write(*input, 0, std::as_bytes(std::span(values))).has_value());
  ASSERT_TRUE(stream->elementwise({n, ElementwiseOp::relu}, *input, nullptr, *output).has_value());
  ASSERT_TRUE(stream->elementwise({n, ElementwiseOp::add}, *output, &*input, *output).has_value());
  std::vector<float> expected(count);
  std::ranges::transform(values, expected.begin(), [](float x) { return std::max(x, 0.0F) + x; });
  std::vector<float> got(count);
  const auto got_bytes = std::as_writable_bytes(std::span(got));
  ASSERT_TRUE(stream->read(*output, 0, got_bytes.size(), [&] { return got_bytes; }).has_value());
  EXPECT_TRUE(got == expected);

  ASSERT_TRUE(stream->reduce({n, ReduceOp::max}, *output, *result).has_value());
  EXPECT_EQ(scalar(), 998.0F);
  double sum = 0;
  double magnitude = 0;
  for (const float value : expected) {
    sum += value;
    magnitude += std::abs(value);
  }
  ASSERT_TRUE(stream->reduce({n, ReduceOp::sum}, *output, *result).has_value());
  EXPECT_NEAR(scalar(), sum, 1e-6 * magnitude);

  // One column, whose last row lies beyond the first binding.
  const std::uint32_t rows = 1000;
  const std::uint32_t features = n / rows;
  ASSERT_TRUE(stream->average({features, rows}, *input, *output).has_value());
  const auto means = read(*stream, *output, 0, std::uint64_t{rows} * 4);
  for (const std::uint32_t row : {0U, 1U, rows / 2, rows - 1}) {
    double mean = 0;
    double of_magnitudes = 0;
    for (std::uint32_t i = 0; i < features; ++i) {
      mean += values[std::uint64_t{row} * features + i];
      of_magnitudes += std::abs(values[std::uint64_t{row} * features + i]);
    }
    float value = 0;
    std::memcpy(&value, means.data() + std::uint64_t{row} * 4, 4);
    EXPECT_NEAR(value, mean / features, 1e-6 * of_magnitudes / features) << row;
  }
}

}  // namespace
}  // namespace gpu_host::webgpu
