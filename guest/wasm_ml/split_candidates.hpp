// Which thresholds are worth scoring for a feature in a node.
#pragma once

#include <cstdint>
#include <vector>

namespace wasm_ml {

// At most so many are scored for a feature and node.
inline constexpr std::uint32_t kMaxThresholds = 256;

// A threshold t between two neighbouring values of a node, lo < hi, such that
// lo <= t < hi also after rounding: lo goes left and hi goes right.
[[nodiscard]] float threshold_between(float lo, float hi);

// Fills `thresholds`, ascending, with one threshold between each two neighbouring
// different values, unless a side would have fewer than `min_samples_leaf`
// values. Where there are more than kMaxThresholds, those at the quantiles.
// Sorts `values`, which are finite.
void split_candidates(std::vector<float>& values, std::uint32_t min_samples_leaf, std::vector<float>& thresholds);

}  // namespace wasm_ml
