// The sums that find_split is made of, over a stretch of a node's rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gpu_host::cpu {

// The rows of a node, and where the feature and the label of each lie.
struct NodeRows {
  std::span<const std::uint32_t> indices;
  std::uint64_t n_rows;  // indices at or above it are bad
  const float* column;   // the feature of row 0
  std::size_t stride;
  const float* labels;
  double shift;  // taken off every label, so that squares do not cancel later
};

// Of shifted labels.
struct LabelSums {
  double sum = 0;
  double sum_of_squares = 0;
};

// Some rows and the sum of their shifted labels.
struct RowGroup {
  double count = 0;
  double sum = 0;
};

// Adds to `all` the labels of the rows, and to groups[i] the rows with
// x <= thresholds[i]. In any order; time is rows * thresholds, but small. False
// where an index is bad.
[[nodiscard]] bool sum_left_sides(const NodeRows& rows, std::span<const float> thresholds, RowGroup* groups,
                                  LabelSums& all);

// The same for ascending thresholds, but adds each row only to the group of the
// first threshold that it is not above, or else to the one after the last:
// groups has one more than there are thresholds. Time is rows * log(thresholds).
[[nodiscard]] bool sum_between(const NodeRows& rows, std::span<const float> thresholds, RowGroup* groups,
                               LabelSums& all);

}  // namespace gpu_host::cpu
