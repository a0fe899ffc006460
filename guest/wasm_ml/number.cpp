#include "number.hpp"

#include <cmath>
#include <cstdlib>
#include <string>

namespace wasm_ml {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t";
  const std::size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool names_non_finite(std::string_view text) {
  if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  std::string word;
  for (const char c : text) word += lower(c);
  return word == "nan" || word == "inf" || word == "infinity";
}

// strtof and strtod know more than is wanted here: hexadecimal, nan, inf.
bool is_decimal(std::string_view text) { return text.find_first_not_of("0123456789+-.eE") == std::string_view::npos; }

}  // namespace

ParsedNumber parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return {.problem = NumberProblem::blank};
  if (!is_decimal(text)) {
    return {.problem = names_non_finite(text) ? NumberProblem::not_finite : NumberProblem::not_a_number};
  }
  constexpr std::size_t kUsualLength = 64;
  char usual[kUsualLength];
  std::string unusual;
  const char* begin = usual;
  if (text.size() < kUsualLength) {
    usual[text.copy(usual, kUsualLength - 1)] = '\0';
  } else {
    unusual = text;
    begin = unusual.c_str();
  }
  char* end = nullptr;
  const float value = std::strtof(begin, &end);
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
