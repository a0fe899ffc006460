#include "dataset_common.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "categories.hpp"
#include "dataset_classes.hpp"
#include "number.hpp"
#include "table_error.hpp"
#include "text.hpp"

namespace wasm_ml {

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNames = 10;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
    list += (list.empty() ? "" : ", ") + quoted(names[i]);
  }
  if (names.size() > kMostNames) list += format(" and %zu more", names.size() - kMostNames);
  return list;
}

std::string column_of(const std::string& file, const std::string& column) {
  return format("%s: column %s", file.c_str(), quoted(column).c_str());
}

Result<std::uint32_t> row_count(const std::string& file, std::size_t n_rows) {
  if (n_rows > std::numeric_limits<std::uint32_t>::max()) return fail_at(file, "too many rows");
  return static_cast<std::uint32_t>(n_rows);
}

Result<void> set_classes(TrainingSet& set, const std::string& file, std::vector<std::string> texts, Task task) {
  if (texts.empty() && task != Task::classification) return {};
  const std::string column = column_of(file, set.target_name);
  const auto is_number = [](const std::string& text) { return parse_number(text).problem == NumberProblem::none; };
  if (task == Task::automatic && std::ranges::any_of(texts, is_number)) {
    return fail_at(column, "some of it is numbers and some is not: say whether they are classes");
  }
  auto classes =
      texts.empty() ? classes_of_numbers(column, set.targets) : classes_of_texts(column, std::move(texts), set.targets);
  if (!classes) return std::unexpected(std::move(classes.error()));
  set.classes = *std::move(classes);
  return {};
}

Result<std::vector<std::size_t>> places_of(
    const std::string& file, std::span<const FeatureType> features, const char* where,
    const std::function<std::optional<std::size_t>(const std::string& name)>& find) {
  std::vector<std::size_t> places;
  std::vector<std::string> missing;
  Categories names;
  for (const FeatureType& feature : features) {
    if (names.add(feature.name) != places.size() + missing.size()) {
      return fail_at(file, "the model has two features %s", quoted(feature.name).c_str());
    }
    if (const auto place = find(feature.name)) {
      places.push_back(*place);
    } else {
      missing.push_back(feature.name);
    }
  }
  if (missing.empty()) return places;
  return fail_at(
      file,
      missing.size() > 1 ? "the model's features %s are missing from %s" : "the model's feature %s is missing from %s",
      listed(missing).c_str(), where);
}

bool has_own_target(const ModelColumns& model) {
  return std::ranges::find(model.features, model.target_name, &FeatureType::name) == model.features.end();
}

}  // namespace wasm_ml
