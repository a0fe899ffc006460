// Whole files in and out.
#pragma once

#include <span>
#include <string>

#include "error.hpp"

namespace wasm_ml {

[[nodiscard]] Result<std::string> read_file(const std::string& path);

// Writes to a new file in the same folder and renames it, so that a failure
// leaves what was there before as it was.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view bytes);

// An error where write_file could not begin: before long work.
[[nodiscard]] Result<void> check_writable(const std::string& path);

// An error where both name the same file: writing one would destroy the other.
[[nodiscard]] Result<void> check_distinct(const std::string& input, const std::string& output);

}  // namespace wasm_ml
