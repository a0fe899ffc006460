// Rows to learn from and rows to predict, from CSV (csv.hpp) and .npy (npy.hpp) files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "csv.hpp"
#include "error.hpp"
#include "feature_type.hpp"
#include "npy.hpp"

namespace wasm_ml {

// What is to be learnt. Automatic: of a target of texts a classification, of numbers a regression.
enum class Task : std::uint8_t { regression, classification, automatic };

struct TrainingSet {
  std::uint32_t n_rows = 0;
  std::vector<FeatureType> feature_types;
  std::vector<float> features;  // n_rows × n_features(), row-major: numbers or codes of categories; NaN: missing
  std::string target_name;
  std::vector<std::string> classes;              // 2 to 256; none: a regression
  std::vector<float> targets;                    // n_rows: numbers, or which class
  std::vector<std::string> mixed_features = {};  // of texts some of which are numbers: all are categories

  [[nodiscard]] std::uint32_t n_features() const { return static_cast<std::uint32_t>(feature_types.size()); }
  [[nodiscard]] float value(std::uint32_t row, std::uint32_t feature) const {
    return features[std::size_t{row} * n_features() + feature];
  }
  [[nodiscard]] float label(std::uint32_t row) const { return targets[row]; }
  [[nodiscard]] std::vector<std::string> feature_names() const;
};

// Features that have one value in all rows.
[[nodiscard]] std::vector<std::string> constant_features(const TrainingSet& set);

// Every column but the target (empty: the last column) is a feature: one of numbers, or of categories where a field
// is text. Its different texts, byte for byte, are then the categories; codes follow categories_order.hpp. Classes are
// a target's different texts, by their bytes, or whole numbers, by their value.
[[nodiscard]] Result<TrainingSet> training_set(CsvFile file, const std::string& target, Task task);

// Features are named "0", "1", … by their columns. The target: a column's number, or the last one, or all of another
// array.
[[nodiscard]] Result<TrainingSet> training_set(NpyArray array, const std::string& target, Task task);
[[nodiscard]] Result<TrainingSet> training_set(NpyArray features, NpyArray targets, Task task);

// By the file's name: what ends in .npy is one, all else CSV. Of an array `target` may be the path of a second .npy.
[[nodiscard]] Result<TrainingSet> load_training_set(const std::string& path, const std::string& target, Task task);

struct PredictionSet {
  std::uint32_t n_rows = 0;
  std::vector<float> features;            // n_rows × the model's features, in its order
  std::vector<std::string> unknown = {};  // columns that the model does not know, which are ignored
  bool has_target = false;                // whether the file has the column
  Result<std::vector<float>> targets;     // n_rows, as in TrainingSet, or why the file does not tell them
};

// What a model tells of the data it predicts.
struct ModelColumns {
  std::span<const FeatureType> features;
  std::string target_name;
  std::span<const std::string> classes = {};
};

// Columns are found by name, in any order; columns that the model does not know are ignored. A category that the model
// does not know is missing.
[[nodiscard]] Result<PredictionSet> prediction_set(CsvFile file, const ModelColumns& model);

// Columns are the features in the model's order where there are as many; else they are found by their numbers.
[[nodiscard]] Result<PredictionSet> prediction_set(NpyArray array, const ModelColumns& model);

[[nodiscard]] Result<PredictionSet> load_prediction_set(const std::string& path, const ModelColumns& model);

}  // namespace wasm_ml
