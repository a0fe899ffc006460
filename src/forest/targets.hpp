// What a regression's targets and a data set's weights are as integers (docs/forest-numerics.md, 3 and 4).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "util/large_array.hpp"

namespace gpu_host::forest {

// Draw weights. `weights` empty: 1 each, and so is the result. At least one is positive.
[[nodiscard]] std::vector<std::uint64_t> integers_of_draw_weights(std::span<const double> weights);

// Criterion weights, with sums below 2^31 of `n_draws` draws.
[[nodiscard]] std::vector<std::uint32_t> integers_of_criterion_weights(std::span<const double> weights,
                                                                       std::uint32_t n_draws);
// The bits of such an integer: of the largest weight it is 2^bits.
[[nodiscard]] std::uint32_t bits_of_criterion_weights(std::uint32_t n_draws);

struct Targets {
  LargeVector<std::int32_t> p;
  std::uint32_t bits = 0;  // of q, without its sign
  double center = 0;
  double most = 0;  // the largest distance from the center

  [[nodiscard]] static std::int32_t q_of(std::int32_t p, std::uint32_t bits) {
    return (p + (std::int32_t{1} << (29U - bits))) >> (30U - bits);
  }
};

// `draws` as integers_of_draw_weights gives them. All targets are finite. `stop` is asked now and then: once it says
// so, the result means nothing.
[[nodiscard]] Targets targets_of(std::span<const double> values, std::span<const std::uint64_t> draws,
                                 const std::function<bool()>& stop);

}  // namespace gpu_host::forest
