#include "model_info_bytes.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "byte_reader.hpp"
#include "text.hpp"

namespace wasm_ml {
namespace {

// Each field in turn: one list for both directions, so that they cannot differ.
class Writer {
 public:
  template <class T>
  bool operator()(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return true;
  }
  bool operator()(const bool& value) { return (*this)(static_cast<std::uint8_t>(value)); }
  bool operator()(const std::string& text) {
    (*this)(static_cast<std::uint32_t>(text.size()));
    bytes_ += text;
    return true;
  }
  bool operator()(const FeatureType& type) { return (*this)(type.name) && (*this)(type.categories); }
  template <class T>
  bool operator()(const std::vector<T>& values) {
    (*this)(static_cast<std::uint32_t>(values.size()));
    for (const T& value : values) (*this)(value);
    return true;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  bool operator()(T& value) {
    return bytes_.read(value);
  }
  bool operator()(bool& value) {
    std::uint8_t byte = 0;
    if (!bytes_.read(byte) || byte > 1) return false;
    value = byte == 1;
    return true;
  }
  bool operator()(std::string& text) { return bytes_.read_text(text); }
  bool operator()(FeatureType& type) { return (*this)(type.name) && (*this)(type.categories); }
  template <class T>
  bool operator()(std::vector<T>& values) {
    std::uint32_t count = 0;
    // An element takes a 4-byte length at least: this bounds what is allocated.
    if (!bytes_.read(count) || count > bytes_.remaining() / sizeof(std::uint32_t)) return false;
    values.resize(count);
    return std::ranges::all_of(values, [this](T& value) { return (*this)(value); });
  }
  [[nodiscard]] std::size_t remaining() const { return bytes_.remaining(); }

 private:
  ByteReader bytes_;
};

template <class Fields, class Info>
bool for_fields(Fields& fields, Info& info) {
  auto& params = info.params;
  auto& postprocessor = info.postprocessor;
  return fields(info.task) && fields(info.origin) && fields(info.target_name) && fields(info.features) &&
         fields(info.classes) && fields(info.n_train_rows) && fields(info.importances) && fields(postprocessor.kind) &&
         fields(postprocessor.sigmoid_alpha) && fields(postprocessor.ratio_c) && fields(params.n_trees) &&
         fields(params.max_depth) && fields(params.max_features) && fields(params.min_samples_split) &&
         fields(params.min_samples_leaf) && fields(params.seed) && fields(params.min_impurity_decrease) &&
         fields(params.bootstrap) && fields(params.max_samples) && fields(params.max_bins) && fields(params.oob_score);
}

Result<void> check_distinct(std::vector<std::string> names, const char* what) {
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice != names.end()) return fail(format("two %s are %s", what, quoted(*twice).c_str()));
  return {};
}

}  // namespace

Result<void> check_info(const ModelInfo& info) {
  constexpr std::size_t kMostFeatures = 1 << 16;
  constexpr std::size_t kMostClasses = 1 << 16;
  if (info.task > ModelTask::scores) return fail("its task is not known");
  if (info.postprocessor.kind > PostprocessorKind::softmax) return fail("its postprocessor is not known");
  if (!std::isfinite(info.postprocessor.sigmoid_alpha) || !std::isfinite(info.postprocessor.ratio_c)) {
    return fail("a parameter of its postprocessor is not finite");
  }
  if (info.features.empty() || info.features.size() > kMostFeatures) {
    return fail(format("%zu features are not 1 to 65536", info.features.size()));
  }
  std::vector<std::string> names;
  for (const FeatureType& type : info.features) {
    if (type.name.empty()) return fail("a feature has no name");
    names.push_back(type.name);
    if (auto checked = check_distinct(type.categories, "categories of a feature"); !checked) return checked;
  }
  if (auto checked = check_distinct(std::move(names), "features"); !checked) return checked;
  const bool is_classification = info.task == ModelTask::classification;
  if (is_classification ? info.classes.size() < 2 || info.classes.size() > kMostClasses : !info.classes.empty()) {
    return fail(format("%zu classes do not suit its task", info.classes.size()));
  }
  if (auto checked = check_distinct(info.classes, "classes"); !checked) return checked;
  if (!info.importances.empty() && info.importances.size() != info.features.size()) {
    return fail(format("%zu importances of %zu features", info.importances.size(), info.features.size()));
  }
  if (!std::ranges::all_of(info.importances, [](double value) { return std::isfinite(value); })) {
    return fail("an importance is not finite");
  }
  return {};
}

std::string encode_info(const ModelInfo& info) {
  Writer writer;
  for_fields(writer, info);
  return writer.take();
}

Result<ModelInfo> decode_info(std::string_view bytes) {
  ModelInfo info;
  Reader reader(bytes);
  if (!for_fields(reader, info)) return fail("what it says of the model is incomplete");
  if (reader.remaining() != 0) return fail(format("%zu bytes follow what it says of the model", reader.remaining()));
  if (auto checked = check_info(info); !checked) return std::unexpected(std::move(checked.error()));
  return info;
}

}  // namespace wasm_ml
