// The exports of embedding.hpp.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "embedding.hpp"
#include "error.hpp"
#include "model_file.hpp"
#include "text.hpp"
#include "wasi_gpu/forest.hpp"
#include "wasi_gpu/host_calls.hpp"

namespace wasm_ml {
namespace {

namespace host = wasi_gpu::forest;
namespace host_calls = wasi_gpu::host_calls;
using wasi_gpu::Buffer;

constexpr std::uint32_t kElements = 11;
constexpr std::uint32_t kPredictions = 3;

struct Loaded {
  host::Model model;
  ModelInfo info;
  host::ModelShape shape;
};

struct State {
  std::map<std::int32_t, Loaded> models;
  std::int32_t last_model = 0;
  std::string error;
};

State& state() {
  static State state;
  return state;
}

// A function's result: its number, or -1 and the error's text.
template <class T>
T answer(Result<T> result) {
  if (result) return *result;
  state().error = std::move(result.error().message);
  return -1;
}

Result<Loaded*> find(std::int32_t model) {
  const auto found = state().models.find(model);
  if (found == state().models.end()) return fail(format("model %ld: there is none", static_cast<long>(model)));
  return &found->second;
}

Result<host::ElementType> element_type(WasmMlElement element) {
  if (element >= kElements) return fail(format("element %lu: there are 0 to 10", static_cast<unsigned long>(element)));
  return static_cast<host::ElementType>(element);
}

Result<std::int32_t> keep(host::Model model, ModelInfo info) {
  auto shape = model.shape();
  if (!shape) return fail_device("asking for the model's shape", shape.error());
  if (shape->n_features != info.features.size()) return fail("the model's trees have other features than it names");
  State& all = state();
  if (all.last_model == std::numeric_limits<std::int32_t>::max()) return fail("too many models");
  all.models.emplace(++all.last_model, Loaded{std::move(model), std::move(info), *shape});
  return all.last_model;
}

Result<std::string> read_buffer(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size) {
  if (size > std::numeric_limits<std::size_t>::max() / 2) return fail("it does not fit the module's memory");
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const auto read = host_calls::buffer_read(buffer, offset, std::as_writable_bytes(std::span(bytes)));
  if (!read) return fail_device("reading the buffer", read.error());
  return bytes;
}

template <class Range>
Result<std::int32_t> write_buffer(std::uint32_t buffer, std::uint64_t offset, const Range& values) {
  const auto written = host_calls::buffer_write(buffer, offset, std::as_bytes(std::span(values)));
  if (!written) return fail_device("writing to the buffer", written.error());
  return 0;
}

std::vector<FeatureType> numbered_features(std::uint32_t n) {
  std::vector<FeatureType> features(n);
  for (std::uint32_t i = 0; i < n; ++i) features[i].name = std::to_string(i);
  return features;
}

ModelInfo info_of(const EmbeddedTraining& training, std::uint32_t n_rows, std::uint32_t n_features,
                  std::uint32_t n_classes) {
  ModelInfo info{.task = n_classes == 0 ? ModelTask::regression : ModelTask::classification,
                 .features = numbered_features(n_features)};
  for (std::uint32_t c = 0; c < n_classes; ++c) info.classes.push_back(std::to_string(c));
  info.params = {.n_trees = training.n_trees,
                 .max_depth = training.max_depth,
                 .max_features = training.max_features,
                 .min_samples_split = training.min_samples_split,
                 .min_samples_leaf = training.min_samples_leaf,
                 .seed = static_cast<std::uint32_t>(training.seed),
                 .min_impurity_decrease = training.min_impurity_decrease,
                 .bootstrap = training.bootstrap != 0,
                 .max_samples = training.n_draws,
                 .max_bins = training.max_bins};
  info.n_train_rows = n_rows;
  return info;
}

std::optional<host::Numbers> weights(std::uint32_t buffer) {
  if (buffer == 0) return std::nullopt;
  return host::Numbers{.buffer = buffer, .element = host::ElementType::float64, .stride = sizeof(double)};
}

Result<std::int32_t> train(const host::Columns& features, const host::Numbers& targets, std::uint32_t n_rows,
                           std::uint32_t n_classes, std::uint32_t params) {
  const auto bytes = read_buffer(params, 0, sizeof(EmbeddedTraining));
  if (!bytes) return std::unexpected(bytes.error());
  EmbeddedTraining training;
  std::memcpy(&training, bytes->data(), sizeof(training));
  const auto data = host::DataSet::create({.n_rows = n_rows,
                                           .features = {features},
                                           .targets = targets,
                                           .n_classes = n_classes,
                                           .draw_weights = weights(training.draw_weights),
                                           .criterion_weights = weights(training.criterion_weights),
                                           .max_bins = training.max_bins,
                                           .seed = training.seed});
  if (!data) return fail_device("preparing the training data", data.error());
  host::GrowthParams growth_params{
      .seed = training.seed,
      .n_trees = training.n_trees,
      .max_features = training.max_features == 0 ? features.n_columns : training.max_features,
      .min_samples_split = training.min_samples_split,
      .min_samples_leaf = training.min_samples_leaf,
      .min_impurity_decrease = training.min_impurity_decrease,
      .balanced_subsample = training.balanced_subsample != 0,
      .leaf_targets = training.leaf_targets != 0};
  if (training.max_depth != 0) growth_params.max_depth = training.max_depth;
  if (training.bootstrap != 0) growth_params.n_draws = training.n_draws == 0 ? n_rows : training.n_draws;
  auto growth = host::Growth::start(*data, growth_params);
  if (!growth) return fail_device("beginning the forest", growth.error());
  if (const auto grown = growth->grow(training.n_trees); !grown)
    return fail_device("growing the forest", grown.error());
  auto model = growth->finish();
  if (!model) return fail_device("growing the forest", model.error());
  ModelInfo info = info_of(training, n_rows, features.n_columns, n_classes);
  if (auto importances = model->importances()) info.importances = *std::move(importances);
  return keep(*std::move(model), std::move(info));
}

Result<std::int32_t> load(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size) {
  const auto read_at = [&](std::uint64_t position, std::span<char> into) -> Result<void> {
    const auto read = host_calls::buffer_read(buffer, offset + position, std::as_writable_bytes(into));
    if (!read) return fail_device("reading the buffer", read.error());
    return {};
  };
  auto file = ModelFile::open(ByteSource::of_reader("in the buffer", size, read_at));
  if (!file) return std::unexpected(std::move(file.error()));
  auto from = wasi_gpu::BufferId{buffer};
  std::uint64_t packed_at = offset + size - file->packed_size();
  Buffer converted;
  if (file->version() == 1) {
    auto packed = file->upload_packed();
    if (!packed) return std::unexpected(std::move(packed.error()));
    converted = *std::move(packed);
    from = converted.id();
    packed_at = 0;
  }
  auto model = host::Model::unpack(from, packed_at, file->packed_size());
  if (!model) return fail_device("unpacking the model", model.error());
  return keep(*std::move(model), file->info());
}

host::PackedParts parts_of(const Loaded& loaded) {
  auto parts = loaded.shape.has_weights ? host::PackedParts::weights : host::PackedParts::none;
  if (loaded.shape.has_leaf_targets) parts = parts | host::PackedParts::leaf_targets;
  return parts;
}

Result<std::int64_t> save_size(std::int32_t number) {
  const auto loaded = find(number);
  if (!loaded) return std::unexpected(loaded.error());
  const auto packed = (*loaded)->model.packed_size(parts_of(**loaded));
  if (!packed) return fail_device("packing the model", packed.error());
  return static_cast<std::int64_t>(encode_head((*loaded)->info, *packed).size() + *packed);
}

Result<std::int32_t> save(std::int32_t number, std::uint32_t buffer, std::uint64_t offset) {
  const auto loaded = find(number);
  if (!loaded) return std::unexpected(loaded.error());
  const auto parts = parts_of(**loaded);
  const auto packed = (*loaded)->model.packed_size(parts);
  if (!packed) return fail_device("packing the model", packed.error());
  const std::string head = encode_head((*loaded)->info, *packed);
  if (auto written = write_buffer(buffer, offset, head); !written) return written;
  const auto done = host_calls::model_pack((*loaded)->model.handle(), parts, buffer, offset + head.size());
  if (!done) return fail_device("packing the model", done.error());
  return 0;
}

Result<std::int32_t> predict(std::int32_t number, const host::Columns& rows, std::uint32_t n_rows, std::uint32_t what,
                             std::uint32_t output, std::uint64_t output_offset) {
  const auto loaded = find(number);
  if (!loaded) return std::unexpected(loaded.error());
  if (what >= kPredictions) return fail(format("what: %lu is not 0 to 2", static_cast<unsigned long>(what)));
  host::Table table{.n_rows = n_rows, .features = {rows}};
  table.features[0].n_columns = (*loaded)->shape.n_features;
  const auto done = host_calls::model_predict((*loaded)->model.handle(), table, static_cast<host::Prediction>(what),
                                              output, output_offset);
  if (!done) return fail_device("predicting", done.error());
  return 0;
}

}  // namespace
}  // namespace wasm_ml

#if defined(__wasm__)
#define WASM_ML_EXPORT(name) __attribute__((export_name(#name)))
#else
#define WASM_ML_EXPORT(name)
#endif

extern "C" {

WASM_ML_EXPORT(wasm_ml_train)
std::int32_t wasm_ml_train(std::uint32_t features, WasmMlElement element, std::uint64_t offset, std::int64_t row_stride,
                           std::int64_t column_stride, std::uint32_t n_rows, std::uint32_t n_features,
                           std::uint32_t targets, WasmMlElement target_element, std::uint64_t target_offset,
                           std::int64_t target_stride, std::uint32_t n_classes, std::uint32_t params) {
  using namespace wasm_ml;
  const auto type = element_type(element);
  const auto target_type = element_type(target_element);
  if (!type) return answer(Result<std::int32_t>(std::unexpected(type.error())));
  if (!target_type) return answer(Result<std::int32_t>(std::unexpected(target_type.error())));
  return answer(train({.buffer = features,
                       .element = *type,
                       .offset = offset,
                       .row_stride = row_stride,
                       .column_stride = column_stride,
                       .n_columns = n_features},
                      {.buffer = targets, .element = *target_type, .offset = target_offset, .stride = target_stride},
                      n_rows, n_classes, params));
}

WASM_ML_EXPORT(wasm_ml_load)
std::int32_t wasm_ml_load(std::uint32_t buffer, std::uint64_t offset, std::uint64_t size) {
  return wasm_ml::answer(wasm_ml::load(buffer, offset, size));
}

WASM_ML_EXPORT(wasm_ml_save_size)
std::int64_t wasm_ml_save_size(std::int32_t model) { return wasm_ml::answer(wasm_ml::save_size(model)); }

WASM_ML_EXPORT(wasm_ml_save)
std::int32_t wasm_ml_save(std::int32_t model, std::uint32_t buffer, std::uint64_t offset) {
  return wasm_ml::answer(wasm_ml::save(model, buffer, offset));
}

WASM_ML_EXPORT(wasm_ml_outputs)
std::int32_t wasm_ml_outputs(std::int32_t model) {
  const auto loaded = wasm_ml::find(model);
  if (!loaded) return wasm_ml::answer(wasm_ml::Result<std::int32_t>(std::unexpected(loaded.error())));
  return static_cast<std::int32_t>((*loaded)->shape.n_outputs);
}

WASM_ML_EXPORT(wasm_ml_predict)
std::int32_t wasm_ml_predict(std::int32_t model, std::uint32_t rows, WasmMlElement element, std::uint64_t offset,
                             std::int64_t row_stride, std::int64_t column_stride, std::uint32_t n_rows,
                             std::uint32_t what, std::uint32_t output, std::uint64_t output_offset) {
  using namespace wasm_ml;
  const auto type = element_type(element);
  if (!type) return answer(Result<std::int32_t>(std::unexpected(type.error())));
  return answer(predict(
      model,
      {.buffer = rows, .element = *type, .offset = offset, .row_stride = row_stride, .column_stride = column_stride},
      n_rows, what, output, output_offset));
}

WASM_ML_EXPORT(wasm_ml_importances)
std::int32_t wasm_ml_importances(std::int32_t model, std::uint32_t output, std::uint64_t offset) {
  using namespace wasm_ml;
  const auto loaded = find(model);
  if (!loaded) return answer(Result<std::int32_t>(std::unexpected(loaded.error())));
  if ((*loaded)->info.importances.empty()) return answer(Result<std::int32_t>(fail("the model has no importances")));
  return answer(write_buffer(output, offset, (*loaded)->info.importances));
}

WASM_ML_EXPORT(wasm_ml_drop)
std::int32_t wasm_ml_drop(std::int32_t model) {
  using namespace wasm_ml;
  if (state().models.erase(model) == 1) return 0;
  return answer(Result<std::int32_t>(fail(format("model %ld: there is none", static_cast<long>(model)))));
}

WASM_ML_EXPORT(wasm_ml_error)
std::int32_t wasm_ml_error(std::uint32_t buffer, std::uint64_t offset, std::uint32_t size) {
  const std::string& error = wasm_ml::state().error;
  const auto part = std::string_view(error).substr(0, size);
  if (!part.empty()) {
    (void)wasi_gpu::host_calls::buffer_write(buffer, offset, std::as_bytes(std::span(part)));
  }
  return static_cast<std::int32_t>(error.size());
}
}
