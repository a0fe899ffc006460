// Lines of JSON for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wasm_ml {

// What is not UTF-8 becomes U+FFFD, a byte at a time.
[[nodiscard]] std::string json_text(std::string_view text);

// null where it is not finite.
[[nodiscard]] std::string json_number(double value);

// An object, member by member.
class JsonObject {
 public:
  JsonObject& add(std::string_view name, std::string_view text) { return add_raw(name, json_text(text)); }
  JsonObject& add(std::string_view name, double value) { return add_raw(name, json_number(value)); }
  JsonObject& add(std::string_view name, const std::vector<std::string>& texts);
  // `json`: a value as it is.
  JsonObject& add_raw(std::string_view name, std::string_view json);

  // One line, without its end.
  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

}  // namespace wasm_ml
