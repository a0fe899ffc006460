#include "npy_header.hpp"

#include <charconv>
#include <cstddef>

namespace wasm_ml {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool take(std::string_view token) {
    const std::size_t spaces = text_.find_first_not_of(" \n");
    text_.remove_prefix(spaces == std::string_view::npos ? text_.size() : spaces);
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }

  // Without escapes.
  bool text(std::string_view& value) {
    const char* quote = take("'") ? "'" : "\"";
    if (*quote == '"' && !take("\"")) return false;
    const std::size_t end = text_.find(*quote);
    if (end == std::string_view::npos) return false;
    value = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return true;
  }

  bool truth(bool& value) {
    value = take("True");
    return value || take("False");
  }

  bool numbers(std::vector<std::uint64_t>& values) {
    if (!take("(")) return false;
    values.clear();
    while (!take(")")) {
      std::uint64_t value = 0;
      take("");
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
      if (error != std::errc()) return false;
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      values.push_back(value);
      if (take(")")) break;
      if (!take(",")) return false;
    }
    return true;
  }

  [[nodiscard]] bool at_end() {
    take("");
    return text_.empty();
  }

 private:
  std::string_view text_;
};

}  // namespace

std::optional<NpyHeader> parse_npy_header(std::string_view text) {
  Parser parser(text);
  NpyHeader header;
  bool has_type = false;
  bool has_order = false;
  bool has_shape = false;
  if (!parser.take("{")) return std::nullopt;
  while (!parser.take("}")) {
    std::string_view key;
    if (!parser.text(key) || !parser.take(":")) return std::nullopt;
    std::string_view type;
    if (key == "descr" && !has_type) {
      has_type = parser.text(type);
      header.type = type;
      if (!has_type) return std::nullopt;
    } else if (key == "fortran_order" && !has_order) {
      has_order = parser.truth(header.fortran_order);
      if (!has_order) return std::nullopt;
    } else if (key == "shape" && !has_shape) {
      has_shape = parser.numbers(header.shape);
      if (!has_shape) return std::nullopt;
    } else {
      return std::nullopt;
    }
    if (!parser.take(",")) {
      if (!parser.take("}")) return std::nullopt;
      break;
    }
  }
  if (!has_type || !has_order || !has_shape || !parser.at_end()) return std::nullopt;
  return header;
}

}  // namespace wasm_ml
