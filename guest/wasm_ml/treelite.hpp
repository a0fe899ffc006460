// Forests in Treelite's binary format, version 4: what Treelite makes of models of scikit-learn, XGBoost, LightGBM and
// cuML, and what it turns into others' formats.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "error.hpp"
#include "portable_forest.hpp"

namespace wasm_ml {

// Safe with any bytes. On f32 inputs the forest decides as the model does; its leaf values are rounded to f32. The
// error names what cannot be read and where: tree, node, byte.
[[nodiscard]] Result<PortableForest> read_treelite(std::span<const std::byte> bytes);

// Weights become the counts of rows, both plain and weighted.
[[nodiscard]] std::vector<std::byte> write_treelite(const PortableForest& forest);

}  // namespace wasm_ml
