// Targets as classes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "error.hpp"

namespace wasm_ml {

// Makes `targets`, whole numbers, the places of the classes that are returned: the different numbers as text, in the
// order of their values. `column`, for errors, names the file and the column.
[[nodiscard]] Result<std::vector<std::string>> classes_of_numbers(const std::string& column, std::span<float> targets);

// The same of texts: `targets` are places in `texts`, all different; the classes are in the order of their bytes.
[[nodiscard]] Result<std::vector<std::string>> classes_of_texts(const std::string& column,
                                                                std::vector<std::string> texts,
                                                                std::span<float> targets);

// Makes `targets`, numbers or places in `texts` if there are any, the places of `classes`. A class that these do not
// have is an error.
[[nodiscard]] Result<void> match_classes(const std::string& column, std::span<const std::string> texts,
                                         std::span<const std::string> classes, std::span<float> targets);

}  // namespace wasm_ml
