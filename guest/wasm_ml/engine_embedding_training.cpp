// The exports of embedding.hpp that grow forests.
#include <string>
#include <utility>
#include <vector>

#include "engine_embedding_state.hpp"
#include "text.hpp"
#include "wasi_gpu/buffer.hpp"

namespace wasm_ml::embedding {
namespace {

namespace host = wasi_gpu::forest;
using wasi_gpu::Buffer;

ModelInfo info_of(const EmbeddedTraining& training, std::uint32_t n_features) {
  ModelInfo info{.task = training.n_classes == 0 ? ModelTask::regression : ModelTask::classification,
                 .features = numeric_features(numbers_as_names(n_features))};
  info.classes = numbers_as_names(training.n_classes);
  info.params = {.n_trees = training.n_trees,
                 .max_depth = training.max_depth,
                 .max_features = training.max_features,
                 .min_samples_split = training.min_samples_split,
                 .min_samples_leaf = training.min_samples_leaf,
                 .seed = static_cast<std::uint32_t>(training.seed),
                 .min_impurity_decrease = training.min_impurity_decrease,
                 .bootstrap = training.bootstrap != 0,
                 .max_samples = training.n_draws,
                 .max_bins = training.max_bins,
                 .oob_score = training.out_of_bag != 0};
  info.n_train_rows = training.n_rows;
  return info;
}

host::GrowthParams growth_params(const EmbeddedTraining& training, std::uint32_t n_features) {
  host::GrowthParams params{.seed = training.seed,
                            .n_trees = training.n_trees,
                            .max_features = training.max_features == 0 ? n_features : training.max_features,
                            .min_samples_split = training.min_samples_split,
                            .min_samples_leaf = training.min_samples_leaf,
                            .min_weight_fraction_leaf = training.min_weight_fraction_leaf,
                            .min_impurity_decrease = training.min_impurity_decrease,
                            .balanced_subsample = training.balanced_subsample != 0,
                            .out_of_bag = training.out_of_bag != 0,
                            .leaf_targets = training.leaf_targets != 0};
  if (training.max_depth != 0) params.max_depth = training.max_depth;
  if (training.bootstrap != 0) params.n_draws = training.n_draws == 0 ? training.n_rows : training.n_draws;
  return params;
}

Result<std::int32_t> start(const EmbeddedTraining& training) {
  auto features = read_columns(training.columns, 0, training.n_blocks);
  if (!features) return std::unexpected(std::move(features.error()));
  const auto targets = to_numbers(training.targets);
  if (!targets) return std::unexpected(targets.error());
  if (!*targets) return fail("targets: there are none");
  const auto draw_weights = to_numbers(training.draw_weights);
  if (!draw_weights) return std::unexpected(draw_weights.error());
  const auto criterion_weights = to_numbers(training.criterion_weights);
  if (!criterion_weights) return std::unexpected(criterion_weights.error());
  std::uint32_t n_features = 0;
  for (const host::Columns& columns : *features) n_features += columns.n_columns;
  const auto data = host::DataSet::create({.n_rows = training.n_rows,
                                           .features = *std::move(features),
                                           .targets = **targets,
                                           .n_classes = training.n_classes,
                                           .draw_weights = *draw_weights,
                                           .criterion_weights = *criterion_weights,
                                           .max_bins = training.max_bins,
                                           .fine_bins = training.fine_bins != 0,
                                           .seed = training.seed});
  if (!data) return fail_device("preparing the training data", data.error());
  auto growth = host::Growth::start(*data, growth_params(training, n_features));
  if (!growth) return fail_device("beginning the forest", growth.error());
  const auto number = next_number();
  if (number) state().growths.emplace(*number, Growing{*std::move(growth), info_of(training, n_features)});
  return number;
}

Result<std::int32_t> grow(std::int32_t number, std::uint32_t n_trees) {
  const auto growing = find_growth(number);
  if (!growing) return std::unexpected(growing.error());
  const auto grown = (*growing)->growth.grow(n_trees);
  if (!grown) return fail_device("growing the forest", grown.error());
  (*growing)->n_finished = *grown;
  return static_cast<std::int32_t>(*grown);
}

Result<std::int32_t> finish(std::int32_t number) {
  const auto growing = find_growth(number);
  if (!growing) return std::unexpected(growing.error());
  auto model = (*growing)->growth.finish();
  if (!model) return fail_device("growing the forest", model.error());
  ModelInfo info = std::move((*growing)->info);
  state().growths.erase(number);
  auto importances = model->importances();
  if (!importances) return fail_device("reading the importances", importances.error());
  info.importances = *std::move(importances);
  return keep(*std::move(model), std::move(info));
}

bool same_kind(const Loaded& a, const Loaded& b) {
  return a.shape.n_features == b.shape.n_features && a.shape.leaves == b.shape.leaves &&
         a.shape.n_outputs == b.shape.n_outputs && a.shape.numerics == b.shape.numerics &&
         a.info.features == b.info.features && a.info.classes == b.info.classes;
}

// The merged models next to each other: their nodes, their leaves, and where trees begin.
class Merge {
 public:
  explicit Merge(const Loaded& first) : first_(first) {}

  void count(const Loaded& part) {
    n_nodes_ += part.shape.n_nodes;
    n_leaves_ += part.shape.n_leaves;
  }

  Result<void> reserve() {
    auto nodes = Buffer::create_for<host::Node>(n_nodes_);
    if (!nodes) return fail_device("merging the models", nodes.error());
    nodes_ = *std::move(nodes);
    if (!has_leaf_values()) return {};
    auto values = Buffer::create_for<float>(n_leaves_ * first_.shape.n_outputs);
    if (!values) return fail_device("merging the models", values.error());
    leaf_values_ = *std::move(values);
    return {};
  }

  Result<void> add(const Loaded& part) {
    auto offsets = part.model.tree_offsets();
    if (!offsets) return fail_device("merging the models", offsets.error());
    const std::uint64_t first_node = offsets_.back();
    auto done = part.model.write_nodes(0, part.shape.n_nodes, nodes_, first_node * sizeof(host::Node));
    if (done && has_leaf_values()) {
      done = part.model.write_leaf_values(0, part.shape.n_leaves, leaf_values_,
                                          leaves_added_ * part.shape.n_outputs * sizeof(float));
    }
    if (!done) return fail_device("merging the models", done.error());
    add_importances(part, *offsets);
    for (std::size_t tree = 1; tree < offsets->size(); ++tree) offsets_.push_back(first_node + (*offsets)[tree]);
    leaves_added_ += part.shape.n_leaves;
    return {};
  }

  Result<std::int32_t> finish() {
    host::ModelParams params{.n_features = first_.shape.n_features,
                             .leaves = first_.shape.leaves,
                             .n_outputs = first_.shape.n_outputs,
                             .average = true,
                             .tree_offsets = offsets_,
                             .nodes = nodes_.id()};
    if (has_leaf_values()) params.leaf_values = host::LeafValues{.buffer = leaf_values_.id()};
    auto model = host::Model::create(params);
    if (!model) return fail_device("merging the models", model.error());
    ModelInfo info = first_.info;
    info.params.n_trees = static_cast<std::uint32_t>(offsets_.size() - 1);
    info.params.oob_score = false;
    info.importances = std::move(importances_);
    if (n_split_trees_ != 0) {
      for (double& importance : info.importances) importance /= n_split_trees_;
    }
    return keep(*std::move(model), std::move(info));
  }

 private:
  [[nodiscard]] bool has_leaf_values() const { return first_.shape.leaves != host::LeafKind::number; }

  void add_importances(const Loaded& part, const std::vector<std::uint64_t>& offsets) {
    std::uint32_t n = 0;
    for (std::size_t tree = 1; tree < offsets.size(); ++tree) n += offsets[tree] - offsets[tree - 1] > 1 ? 1 : 0;
    importances_.resize(first_.shape.n_features);
    for (std::size_t i = 0; i < part.info.importances.size(); ++i) importances_[i] += n * part.info.importances[i];
    n_split_trees_ += n;
  }

  const Loaded& first_;
  std::uint64_t n_nodes_ = 0;
  std::uint64_t n_leaves_ = 0;
  std::uint64_t leaves_added_ = 0;
  std::vector<std::uint64_t> offsets_{0};
  std::vector<double> importances_;
  double n_split_trees_ = 0;
  Buffer nodes_;
  Buffer leaf_values_;
};

Result<std::int32_t> merge(const std::vector<std::int32_t>& numbers) {
  if (numbers.empty()) return fail("no models to merge");
  std::vector<const Loaded*> parts;
  for (const std::int32_t number : numbers) {
    const auto part = find(number);
    if (!part) return std::unexpected(part.error());
    if ((*part)->info.n_train_rows == 0)
      return fail(format("model %ld: it was made elsewhere", static_cast<long>(number)));
    if (!parts.empty() && !same_kind(*parts.front(), **part)) {
      return fail(format("model %ld: it has other columns or classes than the first", static_cast<long>(number)));
    }
    parts.push_back(*part);
  }
  Merge merge(*parts.front());
  for (const Loaded* part : parts) merge.count(*part);
  auto done = merge.reserve();
  for (std::size_t i = 0; done && i < parts.size(); ++i) done = merge.add(*parts[i]);
  if (!done) return std::unexpected(std::move(done.error()));
  return merge.finish();
}

}  // namespace
}  // namespace wasm_ml::embedding

extern "C" {

using namespace wasm_ml::embedding;  // NOLINT(google-build-using-namespace): of the exports alone

WASM_ML_EXPORT(wasm_ml_start)
std::int32_t wasm_ml_start(std::uint32_t training, std::uint64_t offset) {
  const auto given = read_list<wasm_ml::EmbeddedTraining>(training, offset, 1);
  if (!given) return answer(wasm_ml::Result<std::int32_t>(std::unexpected(given.error())));
  return answer(start(given->front()));
}

WASM_ML_EXPORT(wasm_ml_grow)
std::int32_t wasm_ml_grow(std::int32_t growth, std::uint32_t n_trees) { return answer(grow(growth, n_trees)); }

WASM_ML_EXPORT(wasm_ml_finish)
std::int32_t wasm_ml_finish(std::int32_t growth) { return answer(finish(growth)); }

WASM_ML_EXPORT(wasm_ml_merge)
std::int32_t wasm_ml_merge(std::uint32_t models, std::uint64_t offset, std::uint32_t n_models) {
  const auto numbers = read_list<std::int32_t>(models, offset, n_models);
  if (!numbers) return answer(wasm_ml::Result<std::int32_t>(std::unexpected(numbers.error())));
  return answer(merge(*numbers));
}

WASM_ML_EXPORT(wasm_ml_drop_growth)
std::int32_t wasm_ml_drop_growth(std::int32_t growth) {
  const auto found = find_growth(growth);
  if (!found) return answer(wasm_ml::Result<std::int32_t>(std::unexpected(found.error())));
  state().growths.erase(growth);
  return 0;
}
}
