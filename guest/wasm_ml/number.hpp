// Numbers in text, read strictly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace wasm_ml {

enum class NumberProblem : std::uint8_t { none, blank, missing, not_a_number, not_finite, too_large };

struct ParsedNumber {
  float value = 0.0F;
  NumberProblem problem = NumberProblem::none;
};

// A decimal number, spaces around it allowed. Rounded to the nearest f32; what
// is too small for one becomes a subnormal or zero. Missing: what names_missing
// says.
[[nodiscard]] ParsedNumber parse_number(std::string_view text);

// Whether a text, without spaces around it, is how other programs write a value
// that is not there: NA, N/A, <NA>, NULL, null, and nan in any case and with
// any sign.
[[nodiscard]] bool names_missing(std::string_view text);

// Without spaces and tabs around it.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// So many bytes that are zero follow a text given to scan_number.
inline constexpr std::size_t kScanPadding = 8;

// The end of the decimal number that `text` begins with, spaces before it
// allowed, and its value as parse_number gives it; nullptr where there is none,
// or where its value takes longer to tell.
[[nodiscard]] const char* scan_number(const char* text, float& value);

// A finite decimal number of 64 bits, without spaces.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

}  // namespace wasm_ml
