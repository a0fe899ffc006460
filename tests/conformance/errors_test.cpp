// How errors reach the caller: at once, or late, and then once.
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/forest_data.hpp"

namespace gpu_host::conformance {
namespace {

class ErrorsTest : public ConformanceTest {
 protected:
  // A forest whose only node names a child that is not there.
  void SetUp() override {
    ConformanceTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    sample_.emplace(upload(stream(), std::vector<float>{0}));
    bad_node_.emplace(upload(stream(), std::vector<Node>{{0, 0, 77, 77}}));
    zero_.emplace(upload(stream(), std::vector<std::uint32_t>{0}));
    output_.emplace(stream(), 4);
  }
  void TearDown() override {
    for (auto* memory : {&sample_, &bad_node_, &zero_, &output_}) memory->reset();
  }

  GpuResult<void> bad_child() {
    return stream().batch_predict({1, 1, 1, 5}, **sample_, **bad_node_, **zero_, **output_);
  }
  GpuResult<void> bad_index() {
    return stream().find_split({1, 1, 0, 1}, 0, **sample_, **sample_, **zero_, **sample_, **output_);
  }
  GpuResult<void> read(int& asked) {
    return stream().read(**sample_, 0, 4, [&]() -> GpuResult<std::span<std::byte>> {
      ++asked;
      return bytes_;
    });
  }

 private:
  std::optional<DeviceMemory> sample_;
  std::optional<DeviceMemory> bad_node_;
  std::optional<DeviceMemory> zero_;
  std::optional<DeviceMemory> output_;
  std::array<std::byte, 4> bytes_{};
};

TEST_P(ErrorsTest, NoneWithoutACause) {
  stream().wait();
  EXPECT_FALSE(stream().take_error().has_value());
}

TEST_P(ErrorsTest, AreHandedOutOnce) {
  const std::optional<GpuError> error = outcome(stream(), bad_child());
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, GpuErrorCode::kernel_error);
  EXPECT_FALSE(stream().take_error().has_value());
  int asked = 0;
  EXPECT_TRUE(read(asked).has_value());
  EXPECT_EQ(asked, 1);
}

TEST_P(ErrorsTest, AReadHandsOutWhatCameLate) {
  const GpuResult<void> call = bad_child();
  int asked = 0;
  const GpuResult<void> first = read(asked);
  EXPECT_NE(call.has_value(), first.has_value()) << "the error comes from the call or from the read, not both";
  EXPECT_EQ(asked, first.has_value() ? 1 : 0) << "the destination is asked only for good bytes";
  const GpuResult<void> second = read(asked);
  EXPECT_TRUE(second.has_value());
  EXPECT_FALSE(stream().take_error().has_value());
}

TEST_P(ErrorsTest, TheFirstIsKept) {
  const GpuResult<void> first = bad_index();
  const std::string expected = first ? outcome(stream(), first).value_or(GpuError{}).message : first.error().message;
  EXPECT_NE(expected, "");

  const GpuResult<void> one = bad_index();
  const GpuResult<void> two = bad_child();
  if (one.has_value()) {
    stream().wait();
    const std::optional<GpuError> kept = stream().take_error();
    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(kept->message, expected);
  } else {
    EXPECT_EQ(one.error().message, expected);
    ASSERT_TRUE(outcome(stream(), two).has_value());
  }
  EXPECT_FALSE(stream().take_error().has_value());
}

TEST_P(ErrorsTest, StayInTheirStream) {
  const auto other = new_stream();
  const GpuResult<void> call = bad_child();
  const auto ones = run_kernel<float>(*other, 100, [&](Buffer& output) {
    const std::vector<float> values(100, 1.0F);
    const GpuResult<void> written = other->write(output, 0, std::as_bytes(std::span(values)));
    return written ? other->elementwise({100, ElementwiseOp::relu}, output, nullptr, output) : written;
  });
  EXPECT_EQ(ones, std::vector<float>(100, 1.0F));
  EXPECT_TRUE(outcome(stream(), call).has_value());
}

TEST_P(ErrorsTest, AStreamMayEndWithOne) {
  const auto other = new_stream();
  const DeviceMemory zero = upload(*other, std::vector<std::uint32_t>{0});
  const DeviceMemory output(*other, 4);
  const GpuResult<void> call = other->find_split({1, 1, 0, 1}, 0, *zero, *zero, *zero, *zero, *output);
  if (!call) {
    EXPECT_EQ(call.error().code, GpuErrorCode::kernel_error);
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ErrorsTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
