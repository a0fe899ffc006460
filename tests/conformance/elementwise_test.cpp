#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <limits>

#include "conformance/conformance.hpp"
#include "conformance/device_memory.hpp"
#include "conformance/random.hpp"
#include "conformance/reference.hpp"

namespace gpu_host::conformance {
namespace {

using Floats = std::vector<float>;

struct Operation {
  ElementwiseOp op;
  const char* name;
  Tolerance tolerance;
};

constexpr std::array<Operation, kElementwiseOpCount> kOperations = {{
    {ElementwiseOp::relu, "relu", tolerance::kExact},
    {ElementwiseOp::sigmoid, "sigmoid", tolerance::kSigmoid},
    {ElementwiseOp::tanh, "tanh", tolerance::kTanh},
    {ElementwiseOp::add, "add", tolerance::kExact},
    {ElementwiseOp::mul, "mul", tolerance::kExact},
    {ElementwiseOp::sqrt, "sqrt", tolerance::kSqrt},
    {ElementwiseOp::exp, "exp", tolerance::kExp},
    {ElementwiseOp::log, "log", tolerance::kLog},
}};

bool is_right(const Operation& operation, float got, float a, float b) {
  for (const float device_a : {a, flushed(a)}) {
    for (const float device_b : {b, flushed(b)}) {
      if (is_close(got, reference_elementwise(operation.op, device_a, device_b), operation.tolerance)) return true;
    }
  }
  return false;
}

void expect_right(const Operation& operation, const Floats& got, const Floats& a, const Floats& b) {
  int failures = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (is_right(operation, got[i], a[i], b[i]) || ++failures > 3) continue;
    ADD_FAILURE() << operation.name << " of " << std::hexfloat << a[i] << " and " << b[i] << " gave " << got[i]
                  << ", exact " << reference_elementwise(operation.op, a[i], b[i]).value;
  }
  EXPECT_EQ(failures, 0) << operation.name << ", of " << got.size() << " elements";
}

class ElementwiseTest : public ConformanceTest {
 protected:
  void check(const Operation& operation, const Floats& a, const Floats& b) {
    const DeviceMemory device_a = upload(stream(), a);
    const DeviceMemory device_b = upload(stream(), b);
    const ElementwiseParams params{static_cast<std::uint32_t>(a.size()), operation.op};
    const Buffer* input_b = is_binary(operation.op) ? &*device_b : nullptr;
    const auto got = run_kernel<float>(
        stream(), a.size(), [&](Buffer& output) { return stream().elementwise(params, *device_a, input_b, output); });
    expect_right(operation, got, a, b);
    EXPECT_EQ(device_a.read(0, a.size() * 4), upload(stream(), a).read(0, a.size() * 4)) << "the input was changed";
  }
};

// Every sign, exponent and the highest bits of every mantissa.
TEST_P(ElementwiseTest, EveryKindOfNumber) {
  Random random(1);
  Floats a(65'536);
  Floats b(65'536);
  for (std::uint32_t i = 0; i < 65'536; ++i) {
    a[i] = std::bit_cast<float>(i << 16 | random.below(65'536));
    b[i] = std::bit_cast<float>(random.bits());
  }
  for (const Operation& operation : kOperations) check(operation, a, b);
}

TEST_P(ElementwiseTest, SpecialValuesInEveryPair) {
  using Limits = std::numeric_limits<float>;
  const Floats specials = {0,
                           -0.0F,
                           1,
                           -1,
                           0.5F,
                           Limits::infinity(),
                           -Limits::infinity(),
                           Limits::quiet_NaN(),
                           -Limits::quiet_NaN(),
                           std::bit_cast<float>(0x7f800001U),  // a signalling NaN
                           Limits::max(),
                           Limits::lowest(),
                           Limits::min(),
                           -Limits::min(),
                           Limits::denorm_min(),
                           -Limits::denorm_min(),
                           Limits::epsilon(),
                           std::bit_cast<float>(0x007fffffU)};  // the largest subnormal
  Floats a;
  Floats b;
  for (const float first : specials) {
    for (const float second : specials) {
      a.push_back(first);
      b.push_back(second);
    }
  }
  for (const Operation& operation : kOperations) check(operation, a, b);
}

// Where exp overflows and underflows, sigmoid and tanh saturate, log nears 0.
TEST_P(ElementwiseTest, ValuesThatMatter) {
  Random random(2);
  for (const Operation& operation : kOperations) {
    check(operation, random.floats(20'000, -110, 110), random.floats(20'000, -110, 110));
    check(operation, random.floats(20'000, -1, 1), random.floats(20'000, -1, 1));
    check(operation, random.floats(20'000, 0.99F, 1.01F), random.floats(20'000, -1e-3F, 1e-3F));
  }
}

TEST_P(ElementwiseTest, EveryCount) {
  Random random(3);
  for (const std::uint32_t count : all_counts()) {
    SCOPED_TRACE(count);
    const Floats a = random.floats(count, -2, 2);
    const Floats b = random.floats(count, -2, 2);
    for (const ElementwiseOp op : {ElementwiseOp::relu, ElementwiseOp::mul}) {
      check(kOperations[static_cast<std::size_t>(op)], a, b);
    }
  }
}

TEST_P(ElementwiseTest, NoElements) {
  for (const Operation& operation : kOperations) check(operation, {}, {});
}

TEST_P(ElementwiseTest, TheOutputMayBeAnInput) {
  Random random(4);
  const Floats a = random.floats(1027, -3, 3);
  const Floats b = random.floats(1027, -3, 3);
  for (const Operation& operation : kOperations) {
    const ElementwiseParams params{1027, operation.op};
    const bool binary = is_binary(operation.op);
    const DeviceMemory first = upload(stream(), a);
    const DeviceMemory second = upload(stream(), b);
    expect_success(stream(), stream().elementwise(params, *first, binary ? &*second : nullptr, *first));
    expect_right(operation, first.download<float>(1027), a, b);
    EXPECT_EQ(second.download<float>(1027), b);
    if (!binary) continue;

    const DeviceMemory third = upload(stream(), a);
    expect_success(stream(), stream().elementwise(params, *third, &*second, *second));
    expect_right(operation, second.download<float>(1027), a, b);
    EXPECT_EQ(third.download<float>(1027), a);

    expect_success(stream(), stream().elementwise(params, *third, &*third, *third));
    expect_right(operation, third.download<float>(1027), a, a);
  }
}

TEST_P(ElementwiseTest, BothInputsMayBeTheSameBuffer) {
  const Floats a = Random(5).floats(257, -3, 3);
  const DeviceMemory both = upload(stream(), a);
  const auto got = run_kernel<float>(stream(), 257, [&](Buffer& output) {
    return stream().elementwise({257, ElementwiseOp::mul}, *both, &*both, output);
  });
  expect_right(kOperations[static_cast<std::size_t>(ElementwiseOp::mul)], got, a, a);
}

INSTANTIATE_TEST_SUITE_P(Backends, ElementwiseTest, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::conformance
