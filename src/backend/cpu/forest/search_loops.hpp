// The inner loops of a search for splits: compiled for each instruction set.
#pragma once

#include <cstdint>

namespace gpu_host::cpu {

inline constexpr std::uint32_t kMostKeys = 32;

// A node all of whose sums fit in 32 bits, and how the left sides' lie in words: the weight in the lowest `bits`, the
// sum above.
struct NarrowSums {
  std::int32_t sum;  // less weight times mean
  std::int32_t weight;
  std::int32_t mean;  // rounded down
  std::uint32_t bits;
};

struct SearchLoops {
  // Sorts the first n keys, of which no two are equal. There is room for kMostKeys, in `sorted` for one more, and what
  // is behind the first n is anything.
  void (*sort)(const std::int32_t* keys, std::uint32_t n, std::int32_t* sorted);
  // Of candidates, Σs²/w over both sides, s less weight times mean: off by 2^-20 of it at most. Gives the largest.
  // There is room for whole vectors, for a multiple of 8; behind the n estimates are zeros.
  float (*estimate)(const NarrowSums& node, const std::uint64_t* lefts, std::uint32_t n, float* estimates);
};

[[nodiscard]] SearchLoops search_loops();

}  // namespace gpu_host::cpu
