#include <algorithm>
#include <cstddef>
#include <utility>

#include "categories_order.hpp"
#include "dataset.hpp"
#include "dataset_classes.hpp"
#include "dataset_common.hpp"
#include "number.hpp"
#include "table_error.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

using Kind = CsvColumn::Kind;

CsvColumn target_column(std::size_t place, Task task) {
  return {.kind = task == Task::regression ? Kind::numbers : Kind::undecided,
          .place = place,
          .required = true,
          .may_mix = task == Task::classification,
          .max_texts = 256,
          .texts_are = "classes"};
}

bool is_number(const std::string& text) { return parse_number(text).problem == NumberProblem::none; }

// Targets that the file has.
Result<std::vector<float>> known_targets(const std::string& file, const ModelColumns& model, const CsvColumn& column,
                                         std::vector<float> targets) {
  if (!column.error.empty()) return fail(column.error);
  if (model.classes.empty()) return targets;
  const auto matched = match_classes(column_of(file, model.target_name), column.texts.texts(), model.classes, targets);
  if (!matched) return std::unexpected(matched.error());
  return targets;
}

}  // namespace

Result<TrainingSet> training_set(CsvFile file, const std::string& target, Task task) {
  const auto& header = file.header();
  if (header.size() < 2) {
    return fail_at(file.name() + ":1",
                   "only one column, %s: a target and at least one feature are needed, separated by commas",
                   quoted(header[0]).c_str());
  }
  const auto found = target.empty() ? header.size() - 1 : file.find_column(target);
  if (!found) {
    return fail_at(file.name(), "no column %s to be the target; there are %s", quoted(target).c_str(),
                   listed(header).c_str());
  }
  const std::size_t n_features = header.size() - 1;
  std::vector<CsvColumn> columns;
  columns.reserve(header.size());
  for (std::size_t i = 0; i < header.size(); ++i) {
    columns.push_back(i == *found ? target_column(n_features, task)
                                  : CsvColumn{.kind = Kind::undecided, .place = i < *found ? i : i - 1});
  }
  auto rows = file.read(columns, n_features);
  if (!rows) return std::unexpected(std::move(rows.error()));
  const auto n_rows = row_count(file.name(), rows->n_rows);
  if (!n_rows) return std::unexpected(n_rows.error());

  TrainingSet set{.n_rows = *n_rows,
                  .feature_types = {},
                  .features = std::move(rows->features),
                  .target_name = header[*found],
                  .classes = {},
                  .targets = std::move(rows->targets)};
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (i == *found) continue;
    const std::vector<std::string>& texts = columns[i].texts.texts();
    set.feature_types.push_back({.name = header[i], .categories = texts});
    if (std::ranges::any_of(texts, is_number)) set.mixed_features.push_back(header[i]);
  }
  auto done = set_classes(set, file.name(), columns[*found].texts.texts(), task);
  if (!done) return std::unexpected(std::move(done.error()));
  order_categories(set);
  return set;
}

Result<PredictionSet> prediction_set(CsvFile file, const ModelColumns& model) {
  const auto places = places_of(file.name(), model.features, "the header",
                                [&](const std::string& name) { return file.find_column(name); });
  if (!places) return std::unexpected(places.error());
  std::vector<CsvColumn> columns(file.header().size());
  for (std::size_t i = 0; i < places->size(); ++i) {
    const std::vector<std::string>& categories = model.features[i].categories;
    columns[(*places)[i]] = {.kind = categories.empty() ? Kind::numbers : Kind::texts,
                             .place = i,
                             .is_complete = true,
                             .texts = Categories(categories)};
  }
  CsvColumn* target = nullptr;
  if (const auto place = file.find_column(model.target_name); place && has_own_target(model)) {
    target = &columns[*place];
    *target = target_column(places->size(), model.classes.empty() ? Task::regression : Task::classification);
    target->keeps_error = true;
  }
  auto rows = file.read(columns, places->size());
  if (!rows) return std::unexpected(std::move(rows.error()));
  const auto n_rows = row_count(file.name(), rows->n_rows);
  if (!n_rows) return std::unexpected(n_rows.error());
  PredictionSet set{.n_rows = *n_rows,
                    .features = std::move(rows->features),
                    .has_target = target != nullptr,
                    .targets = fail_at(file.name(), "the target's column %s is missing from the header",
                                       quoted(model.target_name).c_str())};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].kind == Kind::ignored) set.unknown.push_back(file.header()[i]);
  }
  if (target != nullptr) set.targets = known_targets(file.name(), model, *target, std::move(rows->targets));
  return set;
}

}  // namespace wasm_ml
