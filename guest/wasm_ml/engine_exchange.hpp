// Forests in their portable form to and from packed models, by a device that knows forests (wasi:gpu/forest).
#pragma once

#include <string>
#include <string_view>

#include "error.hpp"
#include "portable_forest.hpp"
#include "wasi_gpu/forest.hpp"

namespace wasm_ml {

[[nodiscard]] Result<wasi_gpu::forest::Model> make_model(const PortableForest& forest);
[[nodiscard]] Result<std::string> pack(const PortableForest& forest);

// Without its task and its postprocessor, which trees do not know. Classes' probabilities become vectors of leaves.
[[nodiscard]] Result<PortableForest> unpack(std::string_view packed);

}  // namespace wasm_ml
