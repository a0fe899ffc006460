#include "json.hpp"

#include <cmath>
#include <cstddef>

#include "text.hpp"

namespace wasm_ml {
namespace {

// Bytes of the character that the text begins with, in UTF-8; 0: there is none.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const std::size_t size = byte(0) < 0xc2 ? 0 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : byte(0) < 0xf5 ? 4 : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  }
  // Longer than it need be, half of a pair, above U+10FFFF.
  const unsigned start = byte(0) * 0x100U + byte(1);
  const bool is_none = (start >= 0xe080 && start < 0xe0a0) || (start >= 0xeda0 && start < 0xedc0) ||
                       (start >= 0xf080 && start < 0xf090) || (start >= 0xf490 && start < 0xf4c0);
  return is_none ? 0 : size;
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (size == 0) {
      json += "\xef\xbf\xbd";
    } else if (byte == '"' || byte == '\\') {
      json += '\\';
      json += text[0];
    } else if (byte < 0x20) {
      json += format("\\u%04x", static_cast<unsigned>(byte));
    } else {
      json += text.substr(0, size);
    }
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return json + '"';
}

// Enough digits for an f32 and for whole numbers of 32 bits.
std::string json_number(double value) { return std::isfinite(value) ? format("%.10g", value) : "null"; }

JsonObject& JsonObject::add(std::string_view name, const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ", ";
    list += json_text(text);
  }
  return add_raw(name, list + "]");
}

JsonObject& JsonObject::add_raw(std::string_view name, std::string_view json) {
  if (!members_.empty()) members_ += ", ";
  members_ += json_text(name);
  members_ += ": ";
  members_ += json;
  return *this;
}

}  // namespace wasm_ml
