#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "dataset.hpp"
#include "dataset_classes.hpp"
#include "dataset_common.hpp"
#include "table_error.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

// The column that a name tells, of so many.
std::optional<std::size_t> column_number(std::string_view name, std::size_t n_columns) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || number >= n_columns) return std::nullopt;
  return number;
}

// All columns but one.
std::vector<FeatureType> features_of(std::size_t n_columns, std::size_t target) {
  std::vector<FeatureType> types;
  for (std::size_t i = 0; i < n_columns; ++i) {
    if (i != target) types.push_back({.name = format("%zu", i)});
  }
  return types;
}

Result<void> check_targets(const std::string& file, std::span<const float> targets) {
  const auto missing = std::ranges::find_if(targets, [](float target) { return std::isnan(target); });
  if (missing == targets.end()) return {};
  return fail_at(file, "the target of row %td is missing", missing - targets.begin());
}

Result<TrainingSet> with_classes(TrainingSet set, const std::string& file, Task task) {
  auto done = check_targets(file, set.targets);
  if (done) done = set_classes(set, file, {}, task);
  if (!done) return std::unexpected(std::move(done.error()));
  return set;
}

}  // namespace

Result<TrainingSet> training_set(NpyArray array, const std::string& target, Task task) {
  const std::size_t n_columns = array.n_columns;
  if (n_columns < 2) return fail_at(array.name, "only one column: a target and at least one feature are needed");
  const auto column = target.empty() ? n_columns - 1 : column_number(target, n_columns);
  if (!column) {
    return fail_at(array.name, "no column %s to be the target; there are 0 to %zu", quoted(target).c_str(),
                   n_columns - 1);
  }
  const auto n_rows = row_count(array.name, array.n_rows);
  if (!n_rows) return std::unexpected(n_rows.error());
  TrainingSet set{.n_rows = *n_rows,
                  .feature_types = features_of(n_columns, *column),
                  .features = {},
                  .target_name = format("%zu", *column),
                  .classes = {},
                  .targets = {}};
  set.targets.reserve(array.n_rows);
  auto kept = array.values.begin();
  for (auto row = array.values.begin(); row != array.values.end(); row += static_cast<std::ptrdiff_t>(n_columns)) {
    const auto at = row + static_cast<std::ptrdiff_t>(*column);
    set.targets.push_back(*at);
    kept = std::copy(row, at, kept);
    kept = std::copy(at + 1, row + static_cast<std::ptrdiff_t>(n_columns), kept);
  }
  array.values.erase(kept, array.values.end());
  set.features = std::move(array.values);
  return with_classes(std::move(set), array.name, task);
}

Result<TrainingSet> training_set(NpyArray features, NpyArray targets, Task task) {
  if (targets.n_columns != 1) {
    return fail_at(targets.name, "%zu columns: a target has one", targets.n_columns);
  }
  if (targets.n_rows != features.n_rows) {
    return fail_at(targets.name, "%zu rows, but %s has %zu", targets.n_rows, features.name.c_str(), features.n_rows);
  }
  const auto n_rows = row_count(features.name, features.n_rows);
  if (!n_rows) return std::unexpected(n_rows.error());
  const std::string file = targets.name.substr(targets.name.find_last_of('/') + 1);
  TrainingSet set{.n_rows = *n_rows,
                  .feature_types = features_of(features.n_columns, features.n_columns),
                  .features = std::move(features.values),
                  .target_name = file.substr(0, file.find_last_of('.')),
                  .classes = {},
                  .targets = std::move(targets.values)};
  return with_classes(std::move(set), targets.name, task);
}

Result<PredictionSet> prediction_set(NpyArray array, const ModelColumns& model) {
  const auto categorical =
      std::ranges::find_if(model.features, [](const FeatureType& feature) { return !feature.categories.empty(); });
  if (categorical != model.features.end()) {
    return fail_at(array.name, "the model's feature %s is one of texts, which an array does not have",
                   quoted(categorical->name).c_str());
  }
  const auto n_rows = row_count(array.name, array.n_rows);
  if (!n_rows) return std::unexpected(n_rows.error());
  PredictionSet set{.n_rows = *n_rows,
                    .features = {},
                    .has_target = false,
                    .targets = fail_at(array.name, "the target's column %s is missing from the array",
                                       quoted(model.target_name).c_str())};
  const std::size_t n_columns = array.n_columns;
  if (n_columns == model.features.size()) {
    set.features = std::move(array.values);
    return set;
  }
  const auto find = [&](const std::string& name) { return column_number(name, n_columns); };
  const auto places = places_of(array.name, model.features, "the array", find);
  if (!places) return std::unexpected(places.error());
  const auto target = has_own_target(model) ? find(model.target_name) : std::nullopt;
  std::vector<float> targets;
  if (target) targets.reserve(array.n_rows);
  std::vector<float> row(places->size());
  set.features.reserve(array.n_rows * row.size());
  for (std::size_t begin = 0; begin < array.values.size(); begin += n_columns) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = array.values[begin + (*places)[i]];
    set.features.insert(set.features.end(), row.begin(), row.end());
    if (target) targets.push_back(array.values[begin + *target]);
  }
  set.has_target = target.has_value();
  if (!target) return set;
  auto checked = check_targets(array.name, targets);
  if (checked && !model.classes.empty()) {
    checked = match_classes(column_of(array.name, model.target_name), {}, model.classes, targets);
  }
  if (checked) {
    set.targets = std::move(targets);
  } else {
    set.targets = std::unexpected(std::move(checked.error()));
  }
  return set;
}

}  // namespace wasm_ml
