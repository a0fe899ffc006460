// The forest's random numbers: a counter is hashed, so that a number depends on
// what it is for and never on what was drawn before.
#pragma once

#include <cstdint>

namespace wasm_ml {

// PCG's output permutation, a bijection of 32 bits: the hash that
// kernel-bootstrap-sample uses too.
[[nodiscard]] constexpr std::uint32_t pcg(std::uint32_t x) {
  const std::uint32_t state = x * 747796405U + 2891336453U;
  const std::uint32_t word = ((state >> ((state >> 28U) + 4U)) ^ state) * 277803737U;
  return (word >> 22U) ^ word;
}

// The seed of a tree's bootstrap. Different for all trees of a forest; and
// forests of neighbouring seeds share no trees.
[[nodiscard]] constexpr std::uint32_t tree_seed(std::uint32_t forest_seed, std::uint32_t tree) {
  return pcg(pcg(forest_seed) + tree);
}

// Draw `draw` of node `node` of a tree, from 0 up to, not including, `bound`.
[[nodiscard]] constexpr std::uint32_t node_random(std::uint32_t seed_of_tree, std::uint32_t node, std::uint32_t draw,
                                                  std::uint32_t bound) {
  constexpr std::uint32_t kFeatureStream = 0x9e3779b9U;  // apart from the bootstrap, which uses the seed as it is
  const std::uint32_t bits = pcg(pcg(pcg(seed_of_tree ^ kFeatureStream) + node) + draw);
  return static_cast<std::uint32_t>((std::uint64_t{bits} * bound) >> 32U);
}

}  // namespace wasm_ml
