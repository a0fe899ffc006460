#include "dataset.hpp"

#include <cmath>
#include <utility>

namespace wasm_ml {
namespace {

bool is_npy(std::string_view path) { return path.ends_with(".npy"); }

Result<CsvFile> open_csv(const std::string& path) {
  auto source = ByteSource::open(path);
  if (!source) return std::unexpected(std::move(source.error()));
  return CsvFile::open(*std::move(source));
}

Result<NpyArray> load_npy(const std::string& path) {
  auto source = ByteSource::open(path);
  if (!source) return std::unexpected(std::move(source.error()));
  return read_npy(*std::move(source));
}

}  // namespace

std::vector<std::string> TrainingSet::feature_names() const {
  std::vector<std::string> names;
  names.reserve(feature_types.size());
  for (const FeatureType& type : feature_types) names.push_back(type.name);
  return names;
}

std::vector<std::string> constant_features(const TrainingSet& set) {
  std::vector<std::string> names;
  for (std::uint32_t feature = 0; feature < set.n_features(); ++feature) {
    const float first = set.value(0, feature);
    const auto is_first = [&](float value) { return value == first || (std::isnan(value) && std::isnan(first)); };
    std::uint32_t row = 1;
    while (row < set.n_rows && is_first(set.value(row, feature))) ++row;
    if (row >= set.n_rows) names.push_back(set.feature_types[feature].name);
  }
  return names;
}

Result<TrainingSet> load_training_set(const std::string& path, const std::string& target, Task task) {
  if (!is_npy(path)) {
    auto file = open_csv(path);
    if (!file) return std::unexpected(std::move(file.error()));
    return training_set(*std::move(file), target, task);
  }
  auto array = load_npy(path);
  if (!array) return std::unexpected(std::move(array.error()));
  if (!is_npy(target)) return training_set(*std::move(array), target, task);
  auto targets = load_npy(target);
  if (!targets) return std::unexpected(std::move(targets.error()));
  return training_set(*std::move(array), *std::move(targets), task);
}

Result<PredictionSet> load_prediction_set(const std::string& path, const ModelColumns& model) {
  if (!is_npy(path)) {
    auto file = open_csv(path);
    if (!file) return std::unexpected(std::move(file.error()));
    return prediction_set(*std::move(file), model);
  }
  auto array = load_npy(path);
  if (!array) return std::unexpected(std::move(array.error()));
  return prediction_set(*std::move(array), model);
}

}  // namespace wasm_ml
