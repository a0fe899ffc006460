#include "engine_training.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasi_gpu/buffer.hpp"
#include "wasi_gpu/forest.hpp"

namespace wasm_ml {
namespace {

namespace host = wasi_gpu::forest;
using wasi_gpu::Buffer;

// Features, and targets behind them, are on the device until the data set is made of them.
wasi_gpu::Result<host::DataSet> upload(const TrainingSet& set, const ForestParams& params) {
  const std::uint64_t n_values = set.features.size();
  auto table = Buffer::create_for<float>(n_values + set.targets.size());
  if (!table) return std::unexpected(std::move(table.error()));
  auto written = table->write(set.features);
  if (written) written = table->write(set.targets, n_values * sizeof(float));
  if (!written) return std::unexpected(std::move(written.error()));
  return host::DataSet::create(
      {.n_rows = set.n_rows,
       .features = {{.buffer = table->id(),
                     .row_stride = std::int64_t{set.n_features()} * std::int64_t{sizeof(float)},
                     .n_columns = set.n_features()}},
       .targets = {.buffer = table->id(), .offset = n_values * sizeof(float)},
       .n_classes = static_cast<std::uint32_t>(set.classes.size()),
       .max_bins = params.max_bins,
       .seed = params.seed});
}

host::GrowthParams growth_params(const TrainingSet& set, const ForestParams& params) {
  host::GrowthParams growth{.seed = params.seed,
                            .n_trees = params.n_trees,
                            .max_features = params.max_features == 0 ? set.n_features() : params.max_features,
                            .min_samples_split = params.min_samples_split,
                            .min_samples_leaf = params.min_samples_leaf,
                            .min_impurity_decrease = params.min_impurity_decrease,
                            .out_of_bag = params.oob_score};
  if (params.max_depth != 0) growth.max_depth = params.max_depth;
  if (params.bootstrap) growth.n_draws = params.max_samples == 0 ? set.n_rows : params.max_samples;
  return growth;
}

wasi_gpu::Result<host::Growth> start(const TrainingSet& set, const ForestParams& params) {
  const auto data = upload(set, params);
  if (!data) return std::unexpected(data.error());
  return host::Growth::start(*data, growth_params(set, params));
}

// In one step where nobody watches; else in so few that a forest takes 20 host calls at most.
wasi_gpu::Result<host::Model> grow(host::Growth growth, const ForestParams& params,
                                   const std::function<void(std::uint32_t n_done)>& progress) {
  const std::uint32_t n_steps = !progress ? 1 : params.oob_score ? 2 : 3;
  const std::uint32_t step = (params.n_trees - 1) / n_steps + 1;
  if (progress) progress(0);
  for (std::uint32_t done = 0; done < params.n_trees;) {
    const auto grown = growth.grow(std::min(step, params.n_trees - done));
    if (!grown) return std::unexpected(grown.error());
    done = *grown;
    if (progress) progress(done);
  }
  return growth.finish();
}

// What the device has of a model, as it came from there: out-of-bag predictions, if any, then the packed model.
wasi_gpu::Result<std::string> download(const host::Model& model, std::uint64_t out_of_bag_bytes) {
  constexpr auto kParts = host::PackedParts::weights;
  const auto packed_size = model.packed_size(kParts);
  if (!packed_size) return std::unexpected(packed_size.error());
  const std::uint64_t size = out_of_bag_bytes + *packed_size;
  if (size > std::numeric_limits<std::size_t>::max() / 2) {
    return std::unexpected(wasi_gpu::Error{wasi_gpu::ErrorCode::out_of_memory, "it does not fit the module's memory"});
  }
  auto buffer = Buffer::create(size);
  if (!buffer) return std::unexpected(std::move(buffer.error()));
  auto done = model.pack(kParts, *buffer, out_of_bag_bytes);
  if (done && out_of_bag_bytes != 0) done = model.write_out_of_bag(*buffer);
  if (!done) return std::unexpected(std::move(done.error()));
  std::string bytes(static_cast<std::size_t>(size), '\0');
  if (auto read = buffer->read(bytes); !read) return std::unexpected(std::move(read.error()));
  return bytes;
}

// Of the rows that some tree left out.
std::optional<OutOfBag> evaluate_out_of_bag(const TrainingSet& set, std::size_t n_outputs, std::string_view bytes) {
  std::vector<float> predictions;
  std::vector<float> targets;
  for (std::uint32_t row = 0; row < set.n_rows; ++row) {
    for (std::size_t k = 0; k < n_outputs; ++k) {
      double prediction = 0;
      std::memcpy(&prediction, bytes.data() + (row * n_outputs + k) * sizeof(double), sizeof(double));
      if (std::isnan(prediction)) break;
      predictions.push_back(static_cast<float>(prediction));
      if (k == 0) targets.push_back(set.label(row));
    }
  }
  if (targets.empty()) return std::nullopt;
  const auto n_rows = static_cast<std::uint32_t>(targets.size());
  if (set.classes.empty()) return OutOfBag{evaluate(predictions, targets), n_rows};
  return OutOfBag{evaluate_classes(predictions, n_outputs, targets), n_rows};
}

wasi_gpu::Result<Trained> trained_from(const TrainingSet& set, const ForestParams& params, const host::Model& model) {
  const std::size_t n_outputs = std::max<std::size_t>(1, set.classes.size());
  const std::uint64_t out_of_bag_bytes = params.oob_score ? std::uint64_t{set.n_rows} * n_outputs * sizeof(double) : 0;
  auto bytes = download(model, out_of_bag_bytes);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  auto importances = model.importances();
  if (!importances) return std::unexpected(std::move(importances.error()));
  Trained trained{.model = {.info = model_info(set, params), .packed = {}}};
  trained.model.info.importances = *std::move(importances);
  if (params.oob_score) trained.out_of_bag = evaluate_out_of_bag(set, n_outputs, *bytes);
  bytes->erase(0, static_cast<std::size_t>(out_of_bag_bytes));
  trained.model.packed = *std::move(bytes);
  return trained;
}

}  // namespace

Result<std::optional<Trained>> train_by_engine(const TrainingSet& set, const ForestParams& params,
                                               const std::function<void(std::uint32_t n_done)>& progress) {
  auto growth = start(set, params);
  if (!growth && growth.error().code == wasi_gpu::ErrorCode::device_unavailable) return std::nullopt;
  if (!growth) return fail_device("preparing the training data", growth.error());
  const auto model = grow(*std::move(growth), params, progress);
  if (!model) return fail_device("growing the forest", model.error());
  auto trained = trained_from(set, params, *model);
  if (!trained) return fail_device("reading the forest", trained.error());
  return *std::move(trained);
}

}  // namespace wasm_ml
