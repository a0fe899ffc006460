// Errors of what is in a file.
#pragma once

#include <expected>
#include <string>

#include "error.hpp"

namespace wasm_ml {

// "place: " and what is wrong there, as printf. In one place, as each piece of code that puts a text together counts in
// the module's size.
[[nodiscard]] [[gnu::format(printf, 2, 3)]] std::unexpected<Error> fail_at(const std::string& place,
                                                                           const char* pattern, ...);

}  // namespace wasm_ml
