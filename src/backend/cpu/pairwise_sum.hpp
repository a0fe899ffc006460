// Summation whose error grows with log n, in double, and always in the same
// order.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "backend/cpu/poll.hpp"

namespace gpu_host::cpu {

inline constexpr std::size_t kSumBlock = 1024;

// The sum of term(x) over `values`, where `term` gives a double. Once the poll
// says stop the result means nothing: ask it again afterwards.
template <class Term>
[[nodiscard]] double pairwise_sum(Poll& poll, std::span<const float> values, const Term& term) {
  if (values.size() > kSumBlock) {
    // Halves of whole blocks, so that only the last block is short.
    const std::size_t half = (values.size() / 2 + kSumBlock - 1) / kSumBlock * kSumBlock;
    const double left = pairwise_sum(poll, values.first(half), term);
    return left + pairwise_sum(poll, values.subspan(half), term);
  }
  if (poll.stop(values.size() + 1)) return 0;
  // Independent sums: additions need not wait for each other.
  std::array<double, 4> sums{};
  std::size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += term(values[i + lane]);
  }
  for (; i < values.size(); ++i) sums[0] += term(values[i]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace gpu_host::cpu
