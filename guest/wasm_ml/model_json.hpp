// What is known of a model, for programs.
#pragma once

#include "json.hpp"
#include "model.hpp"

namespace wasm_ml {

[[nodiscard]] const char* name_of(ModelTask task);

// Its origin, task, target, classes and features, and of one that wasm_ml grew how.
void add_info(const ModelInfo& info, JsonObject& json);

}  // namespace wasm_ml
