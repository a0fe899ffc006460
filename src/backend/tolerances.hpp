// How close is equal: the table of the contract as data, for the conformance
// suite of every backend. Errors are measured against exact arithmetic.
#pragma once

namespace gpu_host {

// A result is right when any one of the bounds holds that is not 0; all 0 means
// identical bits (the sign of zero and NaN payloads aside).
struct Tolerance {
  double relative = 0;  // of the exact result
  double absolute = 0;
  double ulps = 0;          // units in the last place of the exact result, rounded to f32
  double of_magnitude = 0;  // of the sum of |terms| (over n, for means)
};

namespace tolerance {

inline constexpr Tolerance kExact{};  // bootstrap, relu, add, mul, max, min
inline constexpr Tolerance kSqrt{.ulps = 3};
inline constexpr Tolerance kExp{.relative = 1e-5};
inline constexpr Tolerance kSigmoid{.relative = 1e-5};
inline constexpr Tolerance kLog{.absolute = 1e-6, .ulps = 3};
inline constexpr Tolerance kTanh{.relative = 1e-5, .absolute = 1e-6};
inline constexpr Tolerance kSum{.of_magnitude = 1e-6};  // mean, average, batch-predict as well
inline constexpr Tolerance kVariance{.relative = 1e-5};

// Of a score that is not small against the labels' total squared deviation.
inline constexpr Tolerance kFindSplit{.relative = 1e-4};

// matmul: kMatmulUnit * (k + 4) * (|alpha| * sum|a*b| + |beta*c|), and with TF32
// kMatmulTf32 * |alpha| * sum|a*b| more.
inline constexpr double kMatmulUnit = 0x1p-24;
inline constexpr double kMatmulTf32 = 0x1p-9;

}  // namespace tolerance
}  // namespace gpu_host
