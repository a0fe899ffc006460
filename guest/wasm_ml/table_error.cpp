#include "table_error.hpp"

#include <array>
#include <cstdarg>
#include <cstdio>

namespace wasm_ml {

std::unexpected<Error> fail_at(const std::string& place, const char* pattern, ...) {
  std::array<char, 4096> what{};
  std::va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(what.data(), what.size(), pattern, arguments);
  va_end(arguments);
  return fail(place + ": " + what.data());
}

}  // namespace wasm_ml
