// What tests of bad input share.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <expected>
#include <limits>
#include <string>

#include "forest/interface.hpp"

namespace gpu_host::forest_test {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
inline constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
inline constexpr std::uint32_t kMost32 = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint64_t kMost64 = std::numeric_limits<std::uint64_t>::max();
inline constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// 20 rows of 3 features, a regression.
inline Case small_case() {
  Case one;
  Dice dice(1);
  one.data.columns.assign(3, std::vector<float>(20));
  one.data.targets.assign(20, 0.0);
  for (std::uint32_t row = 0; row < 20; ++row) {
    for (auto& column : one.data.columns) column[row] = static_cast<float>(dice.fraction());
    one.data.targets[row] = dice.number(0, 9);
  }
  return one;
}

template <class T>
GpuResult<void> without_value(const GpuResult<T>& result) {
  return result ? GpuResult<void>() : std::unexpected(result.error());
}

inline testing::AssertionResult is_refused(const GpuResult<ResourceHandle>& result, const std::string& text,
                                           GpuErrorCode code = GpuErrorCode::invalid_params) {
  if (result) return testing::AssertionFailure() << "it is taken";
  const bool same = result.error().code == code && result.error().message.find(text) != std::string::npos;
  return (same ? testing::AssertionSuccess() : testing::AssertionFailure()) << describe(result.error());
}

inline testing::AssertionResult is_refused(const GpuResult<void>& result, const std::string& text,
                                           GpuErrorCode code = GpuErrorCode::invalid_params) {
  return is_refused(result ? GpuResult<ResourceHandle>(0) : std::unexpected(result.error()), text, code);
}

template <class T>
testing::AssertionResult is_refused(const GpuResult<T>& result, const std::string& text,
                                    GpuErrorCode code = GpuErrorCode::invalid_params) {
  return is_refused(result ? GpuResult<void>() : std::unexpected(result.error()), text, code);
}

}  // namespace gpu_host::forest_test
