#include "number.hpp"

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>

namespace wasm_ml {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// In lower case, without its sign.
bool is_word(std::string_view text, std::string_view word) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  return std::ranges::equal(text, word, {}, lower);
}

// strtof and strtod know more than is wanted here: hexadecimal, nan, inf.
bool is_decimal(std::string_view text) { return text.find_first_not_of("0123456789+-.eE") == std::string_view::npos; }

// As exact as f64 can be.
constexpr std::array<double, 57> kPowersOfTen = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37,
    1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47, 1e48, 1e49, 1e50, 1e51, 1e52, 1e53, 1e54, 1e55, 1e56};
constexpr std::array<std::uint64_t, 9> kShifts = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
// What so many more digits would bring above 10^18.
constexpr std::array<std::uint64_t, 9> kTooMany = {1000000000000000000, 100000000000000000, 10000000000000000,
                                                   1000000000000000,    100000000000000,    10000000000000,
                                                   1000000000000,       100000000000,       10000000000};

// Appends the digits that come next to `number`, eight at a time and without a branch on how many there are. False
// where they do not fit.
bool take_digits(const char*& text, std::uint64_t& number) {
  for (;;) {
    const scan::Digits digits(text);
    if (digits.count == 0) return true;
    if (number >= kTooMany[digits.count]) return false;
    number = number * kShifts[digits.count] + scan::number_of(digits.bytes, digits.count);
    text += digits.count;
    if (digits.count < 8) return true;
  }
}

// digits × 10^exponent, where f64 can tell how it is rounded to f32.
bool round_to_float(std::uint64_t digits, int exponent, float& value) {
  value = 0;
  if (digits == 0) return true;
  if (exponent < -56 || exponent > 38) return false;
  auto number = static_cast<double>(static_cast<std::int64_t>(digits));
  if (exponent < 0) {
    number /= kPowersOfTen[static_cast<std::size_t>(-exponent)];
  } else {
    number *= kPowersOfTen[static_cast<std::size_t>(exponent)];
  }
  if (number < double{FLT_MIN}) return false;
  const bool exact = exponent == 0 && digits < (std::uint64_t{1} << 53U);
  if (scan::may_round_either_way(number) && !exact) return false;
  value = static_cast<float>(number);
  return value <= FLT_MAX;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What follows an e. False where it is no number, or far too large a one.
bool take_exponent(const char*& text, int& exponent) {
  const bool negative = *text == '-';
  if (negative || *text == '+') ++text;
  if (!is_digit(*text)) return false;
  int number = 0;
  for (; is_digit(*text); ++text) {
    number = number * 10 + (*text - '0');
    if (number > 1000) return false;
  }
  exponent += negative ? -number : number;
  return true;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

bool names_missing(std::string_view text) {
  constexpr std::array<std::string_view, 5> kNames = {"NA", "N/A", "<NA>", "NULL", "null"};
  if (text.size() > 4) return false;
  return std::ranges::find(kNames, text) != kNames.end() || is_word(text, "nan");
}

const char* scan_any_number(const char* text, float& value) {
  while (*text == ' ') ++text;
  const bool negative = *text == '-';
  if (negative || *text == '+') ++text;
  std::uint64_t digits = 0;
  const char* begin = text;
  if (!take_digits(text, digits)) return nullptr;
  auto n_digits = text - begin;
  int exponent = 0;
  if (*text == '.') {
    begin = ++text;
    if (!take_digits(text, digits)) return nullptr;
    exponent = -static_cast<int>(text - begin);
    n_digits += text - begin;
  }
  if (n_digits == 0) return nullptr;
  if (*text == 'e' || *text == 'E') {
    if (!take_exponent(++text, exponent)) return nullptr;
  }
  if (!round_to_float(digits, exponent, value)) return nullptr;
  if (negative) value = -value;
  return text;
}

ParsedNumber parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return {.problem = NumberProblem::blank};
  if (!is_decimal(text)) {
    if (names_missing(text)) return {.problem = NumberProblem::missing};
    const bool infinite = is_word(text, "inf") || is_word(text, "infinity");
    return {.problem = infinite ? NumberProblem::not_finite : NumberProblem::not_a_number};
  }
  constexpr std::size_t kUsualLength = 64;
  std::array<char, kUsualLength + kScanPadding> usual{};
  std::string unusual;
  const char* begin = usual.data();
  float value = 0;
  if (text.size() <= kUsualLength) {
    text.copy(usual.data(), kUsualLength);
    if (scan_number(begin, value) == begin + text.size()) return {.value = value};
  } else {
    unusual = text;
    begin = unusual.c_str();
  }
  char* end = nullptr;
  value = std::strtof(begin, &end);
  if (end != begin + text.size()) return {.problem = NumberProblem::not_a_number};
  if (!std::isfinite(value)) return {.problem = NumberProblem::too_large};
  return {.value = value};
}

std::optional<double> parse_double(std::string_view text) {
  const std::string number(text);
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  if (text.empty() || !is_decimal(text) || end != number.c_str() + number.size()) return std::nullopt;
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace wasm_ml
