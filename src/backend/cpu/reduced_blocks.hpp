// A reduction over blocks, on all threads of a stream.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "backend/cpu/parallel.hpp"

namespace gpu_host::cpu {

// A block is at least so many values: enough work for a thread's turn.
inline constexpr std::size_t kReduceBlock = 1 << 15;

// Combines the results of reduce(block) over all blocks of `values`, halves of the blocks first: the error of a
// sum grows with log n, and the order is always the same. Of no values: 0. Empty when interrupted.
template <class Reduce, class Combine>
[[nodiscard]] std::optional<double> reduced_blocks(Workers& workers, std::span<const float> values,
                                                   const Reduce& reduce, const Combine& combine) {
  constexpr std::size_t kMostBlocks = 1024;  // their results lie on the stack
  const std::size_t n = values.size();
  const std::size_t block = std::max(kReduceBlock, (n + kMostBlocks - 1) / kMostBlocks);
  std::array<double, kMostBlocks> results;
  results[0] = 0;
  const bool done = workers.for_blocks(n, block, [&](std::size_t begin, std::size_t end) {
    results[begin / block] = reduce(values.subspan(begin, end - begin));
  });
  if (!done) return std::nullopt;
  for (std::size_t size = (n + block - 1) / block; size > 1; size = (size + 1) / 2) {
    const std::size_t half = (size + 1) / 2;
    for (std::size_t i = 0; i + half < size; ++i) results[i] = combine(results[i], results[i + half]);
  }
  return results[0];
}

// The sum of reduce(block).
template <class Reduce>
[[nodiscard]] std::optional<double> summed_blocks(Workers& workers, std::span<const float> values,
                                                  const Reduce& reduce) {
  return reduced_blocks(workers, values, reduce, [](double a, double b) { return a + b; });
}

}  // namespace gpu_host::cpu
