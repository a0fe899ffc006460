// Predictions of finished trees (docs/forest-numerics.md, 7).
#pragma once

#include <cstddef>
#include <span>

#include "backend/cpu/forest/model_trees.hpp"
#include "backend/cpu/forest/ranked_trees.hpp"
#include "backend/cpu/parallel.hpp"
#include "backend/forest_engine.hpp"

namespace gpu_host::cpu {

// Fewer rows walk one by one, each in several trees at a time.
inline constexpr std::size_t kFewRows = 8;

// Writes from `to` on, which need not be aligned. `ranked`: the same trees for batches, or nothing. False once the
// workers are told to stop.
[[nodiscard]] bool predict(const ModelTrees& trees, const RankedTrees* ranked, const ForestTable& rows,
                           ForestPrediction what, std::byte* to, Workers& workers);

// Of trees with leaf targets.
[[nodiscard]] bool predict_quantiles(const ModelTrees& trees, const RankedTrees* ranked, const ForestTable& rows,
                                     std::span<const double> quantiles, std::byte* to, Workers& workers);

}  // namespace gpu_host::cpu
