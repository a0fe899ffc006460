// What growing takes at most, before it is known what is grown.
#pragma once

#include <cstdint>

#include "backend/cpu/forest/data_set.hpp"
#include "forest/parameters.hpp"

namespace gpu_host::cpu {

// Bytes that a search for splits keeps: histograms.
[[nodiscard]] std::uint64_t bytes_of_search(const DataSet& data, const forest::Parameters& parameters);

// Bytes of a TreeGrower with the largest tree that it may have to grow.
[[nodiscard]] std::uint64_t bytes_of_grower(const DataSet& data, const forest::Parameters& parameters);

}  // namespace gpu_host::cpu
