// The file that keeps a forest; docs/model-format.md describes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "error.hpp"
#include "forest.hpp"

namespace wasm_ml {

inline constexpr std::uint32_t kModelVersion = 1;

// The same bytes for the same forest.
[[nodiscard]] std::string encode_model(const Forest& forest);

// Safe with any bytes. The error names the file, `name`, and what is wrong.
[[nodiscard]] Result<Forest> decode_model(const std::string& name, std::string_view bytes);

[[nodiscard]] Result<void> save_model(const std::string& path, const Forest& forest);
[[nodiscard]] Result<Forest> load_model(const std::string& path);

}  // namespace wasm_ml
