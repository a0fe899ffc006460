// What a reduction does with one block of values, vectorised. All sum in double,
// pairwise, and in the same order every time.
#pragma once

#include <cstddef>
#include <span>

namespace gpu_host::cpu {

[[nodiscard]] double sum(std::span<const float> values);

// The sum of (x - mean)^2.
[[nodiscard]] double squared_deviations(std::span<const float> values, double mean);

// Of at least one value; NaN where there is one.
[[nodiscard]] float maximum(std::span<const float> values);
[[nodiscard]] float minimum(std::span<const float> values);

// means[i] = the mean of row i, where each row has `row_size` values, not 0.
void row_means(std::span<const float> rows, std::size_t row_size, std::span<float> means);

}  // namespace gpu_host::cpu
