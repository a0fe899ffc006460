// Rows to learn from and rows to predict, from CSV files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "csv.hpp"
#include "error.hpp"

namespace wasm_ml {

struct TrainingSet {
  std::vector<std::string> feature_names;
  std::string target_name;
  std::uint32_t n_rows = 0;
  std::uint32_t target_column = 0;
  std::vector<float> table;  // n_rows × n_columns(), row-major, as in the file

  [[nodiscard]] std::uint32_t n_features() const { return static_cast<std::uint32_t>(feature_names.size()); }
  [[nodiscard]] std::uint32_t n_columns() const { return n_features() + 1; }
  // The target's is left out of the features' numbers.
  [[nodiscard]] std::uint32_t column_of(std::uint32_t feature) const {
    return feature < target_column ? feature : feature + 1;
  }
  [[nodiscard]] float value(std::uint32_t row, std::uint32_t feature) const {
    return table[std::size_t{row} * n_columns() + column_of(feature)];
  }
  [[nodiscard]] float label(std::uint32_t row) const { return table[std::size_t{row} * n_columns() + target_column]; }
};

// Features that have one value in all rows.
[[nodiscard]] std::vector<std::string> constant_features(const TrainingSet& set);

// Every column but the target (empty: the last column) is a feature.
[[nodiscard]] Result<TrainingSet> training_set(const CsvFile& file, const std::string& target);

[[nodiscard]] Result<TrainingSet> load_training_set(const std::string& path, const std::string& target);

struct PredictionSet {
  std::uint32_t n_rows = 0;
  std::vector<float> features;         // n_rows × the model's features, in its order
  bool has_target = false;             // whether the file has the column
  Result<std::vector<float>> targets;  // n_rows, or why the file does not tell them
};

// Columns are found by name, in any order; columns that the model does not know
// are ignored.
[[nodiscard]] Result<PredictionSet> prediction_set(const CsvFile& file, const std::vector<std::string>& feature_names,
                                                   const std::string& target_name);
[[nodiscard]] Result<PredictionSet> load_prediction_set(const std::string& path,
                                                        const std::vector<std::string>& feature_names,
                                                        const std::string& target_name);

}  // namespace wasm_ml
