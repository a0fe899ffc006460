#include "conformance/check.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <limits>
#include <string>

namespace gpu_host::conformance {
namespace {

using Limits = std::numeric_limits<float>;

long double unit_in_last_place(long double value) {
  const float rounded = std::fabs(static_cast<float>(value));
  if (rounded < Limits::min()) return Limits::denorm_min();
  if (std::isinf(rounded)) return 0;
  int exponent = 0;
  std::frexp(rounded, &exponent);
  return std::ldexp(1.0L, exponent - Limits::digits);
}

long double error_bound(const Exact& exact, const Tolerance& tolerance) {
  const long double size = std::fabs(exact.value);
  long double bound =
      std::max({tolerance.relative * size, static_cast<long double>(tolerance.absolute),
                tolerance.ulps * unit_in_last_place(exact.value), tolerance.of_magnitude * exact.magnitude});
  // A relative bound means nothing where f32 itself has fewer bits.
  if (bound > 0 && size < Limits::min()) bound = std::max<long double>(bound, Limits::denorm_min());
  return bound + exact.allowance;
}

std::string describe(float got, const Exact& exact, const Tolerance& tolerance) {
  std::ostringstream text;
  text << std::setprecision(12) << "got " << got << ", exact " << exact.value << ", error "
       << std::fabs(got - exact.value) << ", allowed " << error_bound(exact, tolerance);
  return text.str();
}

}  // namespace

float flushed(float value) { return std::fpclassify(value) == FP_SUBNORMAL ? 0.0F : value; }

bool is_close(float got, const Exact& exact, const Tolerance& tolerance) {
  if (std::isnan(exact.value)) return std::isnan(got);
  if (std::isnan(got)) return false;
  if (got == static_cast<float>(exact.value)) return true;
  if (std::isinf(exact.value)) return false;
  const long double bound = error_bound(exact, tolerance);
  if (got == 0 && std::fabs(exact.value) <= Limits::min() + bound) return true;
  if (std::isinf(got)) {
    // Right where the tolerance reaches the values that round to infinity.
    const long double overflow = Limits::max() * (1.0L + 0x1p-25L);
    return std::signbit(got) == std::signbit(exact.value) && std::fabs(exact.value) + bound >= overflow;
  }
  return bound > 0 && std::fabs(got - exact.value) <= bound;
}

void expect_close(float got, const Exact& exact, const Tolerance& tolerance) {
  EXPECT_TRUE(is_close(got, exact, tolerance)) << describe(got, exact, tolerance);
}

void expect_all_close(std::span<const float> got, const std::vector<Exact>& exact, const Tolerance& tolerance) {
  ASSERT_EQ(got.size(), exact.size());
  constexpr int kReported = 3;
  int failures = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (is_close(got[i], exact[i], tolerance)) continue;
    if (++failures <= kReported) ADD_FAILURE() << "element " << i << ": " << describe(got[i], exact[i], tolerance);
  }
  EXPECT_EQ(failures, 0) << "of " << got.size() << " elements";
}

}  // namespace gpu_host::conformance
