// How close is equal: one checker for every kernel of every backend.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <vector>

#include "backend/tolerances.hpp"

namespace gpu_host::conformance {

// What exact arithmetic gives, and what the tolerances are relative to.
struct Exact {
  long double value = 0;
  long double magnitude = 0;  // sum of |terms|, for Tolerance::of_magnitude
  long double allowance = 0;  // absolute error allowed on top of the tolerance
};

// `value` where it is not subnormal, else a zero: what a device that flushes sees.
[[nodiscard]] float flushed(float value);

// Right is: the exact value rounded to f32; NaN for NaN; anything within the
// tolerance; zero where the exact value is subnormal. With a tolerance of all
// zeros only the sign of zero and the payload of a NaN are free.
[[nodiscard]] bool is_close(float got, const Exact& exact, const Tolerance& tolerance);

void expect_close(float got, const Exact& exact, const Tolerance& tolerance);

// Element by element; the first few failures are reported, with their indices.
void expect_all_close(std::span<const float> got, const std::vector<Exact>& exact, const Tolerance& tolerance);

}  // namespace gpu_host::conformance
