// Small helpers for text. The module uses C's formatted output: iostreams would
// double its size.
#pragma once

#include <string>
#include <string_view>

namespace wasm_ml {

// As printf, into a string.
[[nodiscard]] [[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

// 'text' for messages: control characters escaped, long texts cut.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace wasm_ml
