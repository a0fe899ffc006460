// Forests for the tests of batch_predict.
#pragma once

#include <cstdint>
#include <vector>

#include "conformance/random.hpp"
#include "conformance/reference.hpp"

namespace gpu_host::conformance {

struct Forest {
  std::vector<Node> nodes;
  std::vector<std::uint32_t> offsets;
};

// Garbage where children would be: nobody may look at them.
[[nodiscard]] Node leaf(float value);

// Random shapes up to `depth` edges, thresholds among the values of
// small_samples, and gaps of garbage between the trees, which are in no order.
[[nodiscard]] Forest random_forest(Random& random, std::uint32_t n_trees, std::uint32_t n_features,
                                   std::uint32_t depth);

// Few different values, so that many equal a threshold; some NaN and infinities.
[[nodiscard]] std::vector<float> small_samples(Random& random, std::size_t count);

// One tree: `edges` inner nodes in a row, all rows go left, to a leaf of `value`.
[[nodiscard]] Forest chain(std::uint32_t edges, float value);

}  // namespace gpu_host::conformance
