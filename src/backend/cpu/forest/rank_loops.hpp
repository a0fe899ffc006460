// The loops that many rows go down small trees with, as vectors of ranks: compiled for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gpu_host::cpu {

// Rows that take a step together, at most, and what their number is a multiple of.
inline constexpr std::size_t kRankRows = 512;
inline constexpr std::size_t kRankUnit = 128;

// What a row's rank is compared with.
struct RankTest {
  std::uint16_t column = 0;
  std::int16_t bound = 0;  // lower ranks go left
};

// What lies below a step: a leaf, two of them below a test, or the place where the step of another node left for each
// row which leaf it reaches.
struct RankChild {
  enum class Kind : std::uint8_t { leaf, leaves, place };

  Kind kind = Kind::leaf;
  std::uint16_t number = 0;  // of the leaf, of the left one, or of the place
  std::uint16_t right = 0;   // of leaves
  RankTest test = {};        // of leaves
};

// An inner node, after those below it: finds which leaf each row reaches from here.
struct RankStep {
  RankTest test;
  RankChild left;
  RankChild right;
  std::uint16_t out = 0;  // a place
};

struct RankLoops {
  std::size_t lanes;  // rows that an instruction compares
  // Of ranks a column after the other; `places` of kRankRows leaves each.
  void (*run)(std::span<const RankStep> steps, const std::int16_t* ranks, std::size_t n_rows, std::uint16_t* places);
};

[[nodiscard]] const RankLoops& rank_loops();

}  // namespace gpu_host::cpu
