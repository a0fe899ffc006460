// What data sets from CSV and from arrays have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataset.hpp"

namespace wasm_ml {

// 'a', 'b' and so on, but not endlessly.
[[nodiscard]] std::string listed(const std::vector<std::string>& names);

// file: column 'name', for the head of a message.
[[nodiscard]] std::string column_of(const std::string& file, const std::string& column);

// Rows are counted in 32 bits by the host.
[[nodiscard]] Result<std::uint32_t> row_count(const std::string& file, std::size_t n_rows);

// Makes targets, numbers or places in `texts` if there are any, classes where that is the task.
[[nodiscard]] Result<void> set_classes(TrainingSet& set, const std::string& file, std::vector<std::string> texts,
                                       Task task);

// Where each feature is; an error names those that are not in `where`, or that the model names twice.
[[nodiscard]] Result<std::vector<std::size_t>> places_of(
    const std::string& file, std::span<const FeatureType> features, const char* where,
    const std::function<std::optional<std::size_t>(const std::string& name)>& find);

// Whether the target is another column than the features, as a model that was trained here has it.
[[nodiscard]] bool has_own_target(const ModelColumns& model);

}  // namespace wasm_ml
