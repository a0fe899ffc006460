// The order of a feature's categories, so that one threshold tells those with high targets from those with low ones.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "dataset.hpp"

namespace wasm_ml {

// Codes that follow the order in which categories came become those by the mean, over the category's rows, of
//  - a regression: the target,
//  - two classes: 1 in rows of the second one, else 0,
//  - more classes: 1 in rows of the most frequent one (of several the first), else 0.
// Ties go by the texts' bytes.
void order_categories(TrainingSet& set);

// The places of texts, by their keys, then by their bytes.
[[nodiscard]] std::vector<std::size_t> ordered_places(std::span<const std::string> texts, std::span<const double> keys);

}  // namespace wasm_ml
