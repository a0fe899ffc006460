// What a model file says of its model, as bytes.
#pragma once

#include <string>
#include <string_view>

#include "error.hpp"
#include "model.hpp"

namespace wasm_ml {

// What no file may say: names twice, numbers that are none and the like.
[[nodiscard]] Result<void> check_info(const ModelInfo& info);

[[nodiscard]] std::string encode_info(const ModelInfo& info);

// Safe with any bytes. The error says what is wrong.
[[nodiscard]] Result<ModelInfo> decode_info(std::string_view bytes);

}  // namespace wasm_ml
