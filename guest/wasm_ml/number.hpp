// Numbers in text, read strictly.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace wasm_ml {

enum class NumberProblem : std::uint8_t { none, blank, not_a_number, not_finite, too_large };

struct ParsedNumber {
  float value = 0.0F;
  NumberProblem problem = NumberProblem::none;
};

// A decimal number, spaces around it allowed. Rounded to the nearest f32; what
// is too small for one becomes a subnormal or zero.
[[nodiscard]] ParsedNumber parse_number(std::string_view text);

// A finite decimal number of 64 bits, without spaces.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

}  // namespace wasm_ml
