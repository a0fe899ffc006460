#include "backend/webgpu/commands.hpp"

#include <gmock/gmock.h>

#include <array>
#include <vector>

#include "backend/webgpu/shaders.hpp"
#include "webgpu/webgpu_test.hpp"

namespace gpu_host::webgpu {
namespace {

TEST(LineOf, HasEnoughWorkgroupsAndNoDimensionTooLarge) {
  for (const std::uint64_t workgroups : {0ULL, 1ULL, 65'534ULL, 65'535ULL, 65'536ULL, 1'000'003ULL, 4'294'836'225ULL}) {
    const Grid grid = line_of(workgroups);
    EXPECT_GE(std::uint64_t{grid.x} * grid.y * grid.z, workgroups);
    EXPECT_LE(std::uint64_t{grid.x} * grid.y * grid.z, workgroups + kMaxWorkgroups);
    EXPECT_LE(grid.x, kMaxWorkgroups);
    EXPECT_LE(grid.y, kMaxWorkgroups);
  }
}

class CommandsTest : public WebGpuTest {
 protected:
  // What a buffer reads as.
  static std::vector<std::byte> bytes_of_buffer(Stream& stream, const Buffer& buffer) {
    std::vector<std::byte> bytes(buffer.size());
    const auto read = stream.read(buffer, 0, bytes.size(), [&bytes] { return std::span(bytes); });
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return bytes;
  }
};

TEST_F(CommandsTest, WindowsBeginWhereABindingMay) {
  Commands commands(gpu(), nullptr);
  const auto memory = commands.allocate(10'000, true);
  ASSERT_TRUE(memory.has_value());
  const std::uint32_t alignment = gpu().limits().offset_alignment;
  for (const std::uint64_t first : {0U, 1U, 7U, 8U, 100U, 2499U}) {
    const Window window = commands.window(3, *memory, first, 2500 - first);
    EXPECT_EQ(window.binding.slot, 3U);
    EXPECT_EQ(window.binding.offset % alignment, 0U);
    EXPECT_EQ(window.binding.offset / 4 + window.first, first);
    EXPECT_GE(window.binding.offset + window.binding.size, 10'000U);
    EXPECT_LE(window.binding.offset + window.binding.size, memory->capacity);
  }
  EXPECT_GT(commands.window(0, *memory, memory->capacity / 4, 0).binding.size, 0U);
}

TEST_F(CommandsTest, ManyLaunchesAreFewSubmissions) {
  const auto stream = new_stream();
  const auto buffer = *stream->allocate(4000);
  const auto before = submissions();
  for (int i = 0; i < 640; ++i) {
    ASSERT_TRUE(stream->elementwise({1000, ElementwiseOp::relu}, *buffer, nullptr, *buffer).has_value());
  }
  stream->wait();
  EXPECT_LE(submissions() - before, 12);
}

// A guest that never waits must not make the host remember all that it asked for.
TEST_F(CommandsTest, ManyWritesCopiesAndBuffersAreSubmittedOnTheWay) {
  const auto stream = new_stream();
  auto source = *stream->allocate(4000);
  const auto target = *stream->allocate(4000);
  std::array<std::byte, 64> data{};
  constexpr int kTimes = 640;
  constexpr auto kLast = static_cast<std::byte>((kTimes - 1) % 256);
  const auto submissions_of = [&](const auto& call) {
    const int before = submissions();
    for (int i = 0; i < kTimes; ++i) call(i);
    return submissions() - before;
  };
  EXPECT_GE(submissions_of([&](int) { ASSERT_TRUE(stream->copy(*source, 0, *target, 0, 4000).has_value()); }), 9);
  EXPECT_GE(submissions_of([&](int i) {
              data.fill(static_cast<std::byte>(i % 256));
              ASSERT_TRUE(stream->write(*target, 128, data).has_value());
            }),
            9);
  EXPECT_GE(submissions_of([&](int) {
              stream->release(std::move(source));
              source = *stream->allocate(4000);  // to be cleared
            }),
            9);
  const auto bytes = bytes_of_buffer(*stream, *target);
  EXPECT_EQ(bytes[128], kLast);
  EXPECT_EQ(bytes[191], kLast);
  EXPECT_EQ(bytes[192], std::byte{0});
}

TEST_F(CommandsTest, AReadIsOneSubmissionAndOneMap) {
  const auto stream = new_stream();
  auto buffer = *stream->allocate(4000);
  const auto score = *stream->allocate(4);
  const std::array<std::byte, 12> data{std::byte{1}, std::byte{2}};
  static_cast<void>(bytes_of_buffer(*stream, *buffer));  // all that is done once is done
  for (const bool with_work : {false, true}) {
    if (with_work) {
      ASSERT_TRUE(stream->write(*buffer, 0, data).has_value());
      ASSERT_TRUE(stream->elementwise({1000, ElementwiseOp::relu}, *buffer, nullptr, *buffer).has_value());
      // It may report an error, which the read looks for.
      ASSERT_TRUE(stream->find_split({0, 1, 0, 1}, 0, *buffer, *buffer, *buffer, *buffer, *score).has_value());
    }
    const int submissions_before = submissions();
    const int maps_before = maps();
    std::array<std::byte, 4> bytes{};
    ASSERT_TRUE(stream->read(*buffer, 0, 4, [&bytes] { return std::span(bytes); }).has_value());
    EXPECT_EQ(submissions() - submissions_before, 1);
    EXPECT_EQ(maps() - maps_before, with_work ? 2 : 1) << "the read's, and what was written from is mapped again";
  }
  stream->release(std::move(buffer));
}

TEST_F(CommandsTest, WaitsWithoutASubmissionWhereNothingIsQueued) {
  const auto stream = new_stream();
  const auto before = submissions();
  stream->wait();
  stream->wait();
  EXPECT_EQ(submissions(), before);
}

// What wgpu-native would end the process for comes back as an error instead.
TEST_F(CommandsTest, AShaderThatIsNoneIsAnError) {
  const Shader shader{"nonsense", "fn nonsense(", 0};
  Commands commands(gpu(), nullptr);
  const auto launched =
      commands.launch({.shader = &shader, .entry_point = "nonsense"}, std::span<const Binding>(), {}, {}, 1);
  ASSERT_FALSE(launched.has_value());
  EXPECT_EQ(launched.error().code, GpuErrorCode::kernel_error);
  EXPECT_THAT(launched.error().message, testing::HasSubstr("nonsense"));
}

TEST_F(CommandsTest, CommandsThatAreRefusedAreAnErrorAndTheNextOnesWork) {
  Commands commands(gpu(), nullptr);
  ASSERT_TRUE(commands.prepare().has_value());
  const auto memory = commands.allocate(4096, true);
  ASSERT_TRUE(memory.has_value());
  const WGPUBuffer buffer = memory->buffer.get();
  const auto merge = [&](Binding binding) {
    const std::array<std::uint32_t, 3> immediates{0, 0xffffffffU, 7};
    return commands.launch({.shader = &shaders::merge_words, .entry_point = "merge_word"}, {binding},
                           bytes_of(immediates), {}, 1);
  };
  const auto refused = [&](const GpuResult<void>& queued) {
    const auto submitted = queued ? commands.submit() : queued;
    ASSERT_FALSE(submitted.has_value());
    EXPECT_EQ(submitted.error().code, GpuErrorCode::kernel_error);
  };
  refused(merge({0, buffer, 1, 16}));                    // no multiple of the alignment
  refused(merge({0, buffer, 0, memory->capacity * 2}));  // beyond the end
  refused(commands.copy(buffer, 1, buffer, 8, 4));
  refused(commands.copy(buffer, 0, buffer, 4, 16));
  ASSERT_TRUE(merge({0, buffer, 0, 16}).has_value());
  std::uint32_t word = 0;
  const auto read = commands.read_back(buffer, 0, 4, [&word](std::span<const std::byte> bytes) -> GpuResult<void> {
    std::ranges::copy(bytes, std::as_writable_bytes(std::span(&word, 1)).begin());
    return {};
  });
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(word, 7U);
}

}  // namespace
}  // namespace gpu_host::webgpu
