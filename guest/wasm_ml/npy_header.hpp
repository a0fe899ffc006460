// The header of an .npy file: a Python dictionary of three entries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wasm_ml {

struct NpyHeader {
  std::string type;  // such as "<f4"
  bool fortran_order = false;
  std::vector<std::uint64_t> shape;
};

// Nothing where it is not one, or its type is not a plain one.
[[nodiscard]] std::optional<NpyHeader> parse_npy_header(std::string_view text);

}  // namespace wasm_ml
