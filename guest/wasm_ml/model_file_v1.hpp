// Model files of version 1, as wasm_ml 0.1 wrote them: forests for regression.
#pragma once

#include <string_view>

#include "error.hpp"
#include "forest.hpp"

namespace wasm_ml {

// Safe with any bytes after the signature and the version. The error says what is wrong.
[[nodiscard]] Result<Forest> decode_model_v1(std::string_view bytes);

}  // namespace wasm_ml
