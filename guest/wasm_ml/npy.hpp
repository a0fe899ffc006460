// Arrays in NumPy's .npy files, versions 1.0 to 3.0.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "byte_source.hpp"
#include "error.hpp"

namespace wasm_ml {

struct NpyArray {
  std::string name;  // of the file, for errors
  std::size_t n_rows = 0;
  std::size_t n_columns = 0;       // 1 where the array has one dimension
  std::vector<float> values = {};  // row-major; NaN: missing
};

// One or two dimensions of floats of 16, 32 or 64 bits, whole numbers of 8 to 64 or booleans, little-endian, in C's or
// Fortran's order. Values are rounded to f32; those that are infinite then are errors. Errors name the file, and a
// value as NumPy does: [row, column], from 0.
[[nodiscard]] Result<NpyArray> read_npy(ByteSource source, std::size_t block_bytes = std::size_t{1} << 20U);

// An .npy file of f32 in C's order. `n_columns` 0: of one dimension.
[[nodiscard]] std::string encode_npy(std::span<const float> values, std::size_t n_columns = 0);

}  // namespace wasm_ml
