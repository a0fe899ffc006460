#include "dataset.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "files.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + quoted(name);
  return list;
}

// Rows are counted in 32 bits by the kernels.
Result<std::uint32_t> row_count(const CsvFile& file, std::size_t n_values, std::size_t n_columns) {
  const std::size_t n_rows = n_values / n_columns;
  if (n_rows > std::numeric_limits<std::uint32_t>::max()) return fail(file.name() + ": too many rows");
  return static_cast<std::uint32_t>(n_rows);
}

Result<CsvFile> load_csv(const std::string& path) {
  auto text = read_file(path);
  if (!text) return std::unexpected(std::move(text.error()));
  return CsvFile::parse(path, std::move(*text));
}

}  // namespace

Result<TrainingSet> load_training_set(const std::string& path, const std::string& target) {
  const auto file = load_csv(path);
  if (!file) return std::unexpected(file.error());
  return training_set(*file, target);
}

Result<PredictionSet> load_prediction_set(const std::string& path, const std::vector<std::string>& feature_names,
                                          const std::string& target_name) {
  const auto file = load_csv(path);
  if (!file) return std::unexpected(file.error());
  return prediction_set(*file, feature_names, target_name);
}

Result<TrainingSet> training_set(const CsvFile& file, const std::string& target) {
  const auto& header = file.header();
  if (header.size() < 2) {
    return fail(file.name() + ":1: only one column, " + quoted(header[0]) +
                ": a target and at least one feature are needed, separated by commas");
  }
  const auto target_column = target.empty() ? header.size() - 1 : file.find_column(target);
  if (!target_column) {
    return fail(file.name() + ": no column " + quoted(target) + " to be the target; there are " + listed(header));
  }
  std::vector<std::size_t> columns(header.size());
  std::iota(columns.begin(), columns.end(), 0);
  auto values = file.numbers(columns);
  if (!values) return std::unexpected(std::move(values.error()));
  const auto n_rows = row_count(file, values->size(), columns.size());
  if (!n_rows) return std::unexpected(n_rows.error());

  TrainingSet set;
  set.n_rows = *n_rows;
  set.target_name = header[*target_column];
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (i != *target_column) set.feature_names.push_back(header[i]);
  }
  set.target_column = static_cast<std::uint32_t>(*target_column);
  set.table = *std::move(values);
  return set;
}

std::vector<std::string> constant_features(const TrainingSet& set) {
  std::vector<std::string> names;
  for (std::uint32_t feature = 0; feature < set.n_features(); ++feature) {
    std::uint32_t row = 1;
    while (row < set.n_rows && set.value(row, feature) == set.value(0, feature)) ++row;
    if (row >= set.n_rows) names.push_back(set.feature_names[feature]);
  }
  return names;
}

Result<PredictionSet> prediction_set(const CsvFile& file, const std::vector<std::string>& feature_names,
                                     const std::string& target_name) {
  std::vector<std::size_t> columns;
  std::vector<std::string> missing;
  for (const std::string& name : feature_names) {
    if (const auto column = file.find_column(name)) {
      columns.push_back(*column);
    } else {
      missing.push_back(name);
    }
  }
  if (!missing.empty()) {
    return fail(file.name() + ": the model's feature" + (missing.size() > 1 ? "s " : " ") + listed(missing) +
                (missing.size() > 1 ? " are" : " is") + " missing from the header");
  }
  auto values = file.numbers(columns);
  if (!values) return std::unexpected(std::move(values.error()));
  const auto n_rows = row_count(file, values->size(), columns.size());
  if (!n_rows) return std::unexpected(n_rows.error());
  PredictionSet set{.n_rows = *n_rows, .features = std::move(*values), .has_target = false, .targets = {}};
  if (const auto column = file.find_column(target_name)) {
    set.has_target = true;
    const std::size_t target_columns[] = {*column};
    set.targets = file.numbers(target_columns);
  } else {
    set.targets = fail(file.name() + ": the target's column " + quoted(target_name) + " is missing from the header");
  }
  return set;
}

}  // namespace wasm_ml
