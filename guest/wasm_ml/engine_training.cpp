#include "engine_training.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "wasi_gpu/buffer.hpp"
#include "wasi_gpu/forest.hpp"

namespace wasm_ml {
namespace {

namespace host = wasi_gpu::forest;
using wasi_gpu::Buffer;

std::vector<host::Columns> feature_columns(const TrainingSet& set, wasi_gpu::BufferId table) {
  const auto block = [&](std::uint32_t first, std::uint32_t end) {
    return host::Columns{.buffer = table,
                         .offset = first * sizeof(float),
                         .row_stride = std::int64_t{set.n_columns()} * std::int64_t{sizeof(float)},
                         .n_columns = end - first};
  };
  std::vector<host::Columns> blocks;
  if (set.target_column > 0) blocks.push_back(block(0, set.target_column));
  if (set.target_column < set.n_features()) blocks.push_back(block(set.target_column + 1, set.n_columns()));
  return blocks;
}

// The table is on the device until the data set is made of it.
wasi_gpu::Result<host::DataSet> upload(const TrainingSet& set, const ForestParams& params) {
  const auto table = Buffer::from(set.table);
  if (!table) return std::unexpected(table.error());
  return host::DataSet::create({.n_rows = set.n_rows,
                                .features = feature_columns(set, table->id()),
                                .targets = {.buffer = table->id(),
                                            .offset = set.target_column * sizeof(float),
                                            .stride = std::int64_t{set.n_columns()} * std::int64_t{sizeof(float)}},
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
  const std::uint32_t n_steps = !progress ? 1 : params.oob_score ? 3 : 4;
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

// What the device has of a model, as it came from there.
struct Download {
  std::vector<std::uint64_t> offsets;
  std::vector<TreeNode> room;  // bytes: out-of-bag predictions, if any, then nodes
  std::vector<double> importances;
};

wasi_gpu::Result<Download> download(const host::Model& model, std::uint64_t out_of_bag_bytes) {
  auto offsets = model.tree_offsets();
  if (!offsets) return std::unexpected(std::move(offsets.error()));
  const std::uint64_t n_nodes = offsets->back();
  const std::uint64_t size = out_of_bag_bytes + n_nodes * sizeof(host::Node);
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::ptrdiff_t>::max()) - sizeof(TreeNode)) {
    return std::unexpected(wasi_gpu::Error{wasi_gpu::ErrorCode::out_of_memory, "the forest has too many nodes"});
  }
  auto buffer = Buffer::create(size);
  if (!buffer) return std::unexpected(std::move(buffer.error()));
  auto done = model.write_nodes(0, n_nodes, *buffer, out_of_bag_bytes);
  if (done && out_of_bag_bytes != 0) done = model.write_out_of_bag(*buffer);
  if (!done) return std::unexpected(std::move(done.error()));
  std::vector<TreeNode> room(static_cast<std::size_t>(size / sizeof(TreeNode)) + 1);
  const auto bytes = std::as_writable_bytes(std::span(room)).first(static_cast<std::size_t>(size));
  if (auto read = buffer->read(bytes); !read) return std::unexpected(std::move(read.error()));
  auto importances = model.importances();
  if (!importances) return std::unexpected(std::move(importances.error()));
  return Download{*std::move(offsets), std::move(room), *std::move(importances)};
}

// Makes nodes of what lies behind the first `skipped` bytes of `room`: in place, from the front, as they get smaller.
void convert(std::vector<TreeNode>& room, std::size_t skipped, std::size_t n_nodes) {
  const auto bytes = std::as_bytes(std::span(room)).subspan(skipped);
  for (std::size_t i = 0; i < n_nodes; ++i) {
    host::Node node;
    std::memcpy(&node, bytes.data() + i * sizeof(node), sizeof(node));
    room[i] = {.feature = node.feature,
               .threshold = node.threshold,
               .left = node.left,
               .right = node.is_leaf() ? 0 : node.left + 1};
  }
  room.resize(n_nodes);
}

// Of the rows that some tree left out.
void evaluate_out_of_bag(const TrainingSet& set, std::span<const std::byte> bytes, Trained& trained) {
  std::vector<float> predictions;
  std::vector<float> targets;
  for (std::uint32_t row = 0; row < set.n_rows; ++row) {
    double prediction = 0;
    std::memcpy(&prediction, bytes.data() + row * sizeof(double), sizeof(double));
    if (std::isnan(prediction)) continue;
    predictions.push_back(static_cast<float>(prediction));
    targets.push_back(set.label(row));
  }
  trained.n_out_of_bag = static_cast<std::uint32_t>(targets.size());
  if (!targets.empty()) trained.out_of_bag = evaluate(predictions, targets);
}

Result<Trained> trained_from(const TrainingSet& set, const ForestParams& params, const host::Model& model) {
  const std::size_t out_of_bag_bytes = params.oob_score ? set.n_rows * sizeof(double) : 0;
  auto raw = download(model, out_of_bag_bytes);
  if (!raw) return fail_device("reading the forest", raw.error());
  if (raw->offsets.back() > std::numeric_limits<std::uint32_t>::max()) return fail("the forest has too many nodes");
  Trained trained{.forest = untrained_forest(set, params), .importances = std::move(raw->importances)};
  trained.forest.tree_offsets.assign(raw->offsets.begin(), raw->offsets.end() - 1);
  if (params.oob_score) evaluate_out_of_bag(set, std::as_bytes(std::span(raw->room)), trained);
  convert(raw->room, out_of_bag_bytes, static_cast<std::size_t>(raw->offsets.back()));
  trained.forest.nodes = std::move(raw->room);
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
  return trained_from(set, params, *model);
}

}  // namespace wasm_ml
