// The rows that a tree sees (docs/forest-numerics.md, 3).
#pragma once

#include <cstdint>

#include "backend/cpu/forest/data_set.hpp"
#include "backend/cpu/poll.hpp"
#include "forest/parameters.hpp"
#include "util/large_array.hpp"

namespace gpu_host::cpu {

struct BagRow {
  std::uint32_t row;
  std::uint32_t weight;  // its multiplicity, not 0
};

using Bag = LargeVector<BagRow>;

// In the order of the rows, in place of what `bag` has; empty where the poll says to stop.
void draw_bag(const DataSet& data, const forest::Parameters& parameters, std::uint32_t tree, Poll& poll, Bag& bag);
[[nodiscard]] Bag draw_bag(const DataSet& data, const forest::Parameters& parameters, std::uint32_t tree, Poll& poll);

}  // namespace gpu_host::cpu
