// Numbers in text, read strictly.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

// What scan_number does, for numbers of every length.
[[nodiscard]] const char* scan_any_number(const char* text, float& value);

namespace scan {

static_assert(std::endian::native == std::endian::little);

// The digits that a text begins with, of its next eight characters.
struct Digits {
  explicit Digits(const char* text) {
    std::memcpy(&bytes, text, sizeof(bytes));
    bytes ^= 0x3030303030303030U;
    const std::uint64_t others = ((bytes + 0x7676767676767676U) | bytes) & 0x8080808080808080U;
    count = static_cast<std::uint32_t>(std::countr_zero(others)) / 8;  // 8 where there are no others
  }
  std::uint64_t bytes = 0;  // a digit each, the first one the lowest; then anything
  std::uint32_t count;
};

// What the first `count` digits say: 1 to 8.
inline std::uint64_t number_of(std::uint64_t digits, std::uint32_t count) {
  digits <<= 64 - 8 * count;  // zeros before them
  digits = digits * 10 + (digits >> 8U);
  return ((digits & 0xff000000ffU) * 0xf424000000064U + ((digits >> 16U) & 0xff000000ffU) * 0x271000000001U) >> 32U;
}

// A few of the last bits may be wrong: whether it is so near the middle between two f32 that they tell which is nearer.
inline bool may_round_either_way(double number) {
  constexpr std::uint64_t kBelowFloat = 0x1fffffff;  // the bits of f64 that f32 lacks
  constexpr std::uint64_t kMiddle = 0x10000000;
  constexpr std::uint64_t kDoubt = 8;
  const std::uint64_t rest = std::bit_cast<std::uint64_t>(number) & kBelowFloat;
  return rest - (kMiddle - kDoubt) <= 2 * kDoubt;
}

}  // namespace scan

// The end of the decimal number that `text` begins with, spaces before it
// allowed, and its value as parse_number gives it; nullptr where there is none,
// or where its value takes longer to tell.
[[nodiscard]] inline const char* scan_number(const char* text, float& value) {
  // Of most tables: up to eight digits, a point among them, or seven. Signs come and go without order: no branch on
  // them.
  while (*text == ' ') ++text;
  const std::uint32_t negative = *text == '-' ? 1 : 0;
  const char* const begin = text + negative;
  const scan::Digits whole(begin);
  if (whole.count == 8) return scan_any_number(text, value);
  const char* end = begin + whole.count;
  std::uint32_t count = whole.count;
  std::uint64_t digits = whole.bytes;
  std::uint32_t places = 0;
  if (*end == '.') {
    const scan::Digits fraction(end + 1);
    places = fraction.count;
    if (places == 8) return scan_any_number(text, value);
    end += 1 + places;
    const std::uint32_t bits = 8 * count;
    digits = (digits & ((std::uint64_t{1} << bits) - 1)) | fraction.bytes << bits;
    count += places;
  }
  if (count - 1 >= 8 || (*end | 0x20) == 'e') return scan_any_number(text, value);
  // Eight digits are exact, a tenth nearly: quicker than a division.
  constexpr std::array<double, 8> kTenths = {1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7};
  const double number = static_cast<std::int32_t>(scan::number_of(digits, count)) * kTenths[places];
  if (scan::may_round_either_way(number)) return scan_any_number(text, value);
  value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(static_cast<float>(number)) | negative << 31U);
  return end;
}

// A finite decimal number of 64 bits, without spaces.
[[nodiscard]] std::optional<double> parse_double(std::string_view text);

}  // namespace wasm_ml
