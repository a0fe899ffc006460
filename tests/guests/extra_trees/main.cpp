// Extremely randomised trees, an algorithm that the host does not know, on its calls for forests. What they learn is
// tried on fresh rows. And a forest that is steered without decisions is the one that the host grows alone.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "check.h"
#include "friedman.hpp"
#include "random.hpp"
#include "steering.hpp"
#include "wasi_gpu/forest.hpp"
#include "wasi_gpu/wasi_gpu.hpp"

namespace {

using wasi_gpu::Buffer;
using wasi_gpu::forest::DataSet;
using wasi_gpu::forest::ElementType;
using wasi_gpu::forest::Growth;
using wasi_gpu::forest::GrowthParams;
using wasi_gpu::forest::LeafKind;
using wasi_gpu::forest::Model;
using wasi_gpu::forest::ModelShape;
using wasi_gpu::forest::Node;
using wasi_gpu::forest::PackedParts;
using wasi_gpu::forest::Prediction;
using wasi_gpu::forest::Table;

// The value, or the end of the program with what was wrong.
template <class T>
T need(wasi_gpu::Result<T> result, const char* what) {
  if (!result) {
    std::printf("%s: %s\n", what, wasi_gpu::describe(result.error()).c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Forest {
  std::vector<std::uint64_t> offsets;
  std::vector<Node> nodes;
};

DataSet data_set_of(const Rows& rows) {
  const auto features = need(Buffer::from(rows.features), "features");
  const auto labels = need(Buffer::from(rows.labels), "labels");
  return need(
      DataSet::create({.n_rows = rows.n,
                       .features = {{.buffer = features.id(),
                                     .row_stride = sizeof(float),
                                     .column_stride = std::int64_t{rows.n} * std::int64_t{sizeof(float)},
                                     .n_columns = kFeatures}},
                       .targets = {.buffer = labels.id(), .element = ElementType::float64, .stride = sizeof(double)}}),
      "data set");
}

Forest forest_of(Growth growth) {
  const Model model = need(growth.finish(), "finish");
  const ModelShape shape = need(model.shape(), "shape");
  Forest forest{.offsets = need(model.tree_offsets(), "offsets"), .nodes = std::vector<Node>(shape.n_nodes)};
  CHECK(shape.n_features == kFeatures);
  CHECK(shape.n_trees + 1 == forest.offsets.size());
  CHECK(shape.n_nodes == forest.offsets.back());
  CHECK(2 * shape.n_leaves == shape.n_nodes + shape.n_trees);
  auto buffer = need(Buffer::create_for<Node>(shape.n_nodes), "room for nodes");
  need(model.write_nodes(0, shape.n_nodes, buffer), "nodes");
  need(buffer.read(forest.nodes), "reading nodes");
  return forest;
}

double predict(const Forest& forest, const Rows& rows, std::uint32_t row) {
  double sum = 0;
  const std::size_t n_trees = forest.offsets.size() - 1;
  for (std::size_t tree = 0; tree < n_trees; ++tree) {
    const Node* const root = forest.nodes.data() + forest.offsets[tree];
    const Node* node = root;
    while (!node->is_leaf()) {
      const bool goes_left = rows.value(row, static_cast<std::uint32_t>(node->feature)) <= node->threshold;
      node = root + node->left + (goes_left ? 0 : 1);
    }
    sum += double{node->threshold};
  }
  return sum / static_cast<double>(n_trees);
}

double r2_of(const Forest& forest, const Rows& rows) {
  double mean = 0;
  for (const double label : rows.labels) mean += label / rows.n;
  double residual = 0;
  double total = 0;
  for (std::uint32_t row = 0; row < rows.n; ++row) {
    residual += std::pow(rows.labels[row] - predict(forest, rows, row), 2);
    total += std::pow(rows.labels[row] - mean, 2);
  }
  return 1 - residual / total;
}

void learn_extra_trees(const DataSet& data) {
  constexpr std::uint32_t kTrees = 30;
  Random random(1);
  Growth growth =
      need(Growth::start(data, {.n_trees = kTrees, .max_features = kFeatures, .min_samples_split = 4}), "start");
  need(grow_extra_trees(growth, kTrees, kFeatures, random), "extra trees");
  const double r2 = r2_of(forest_of(std::move(growth)), friedman(1000, 2));
  std::printf("extra trees: R2 %.4f on fresh rows\n", r2);
  CHECK(r2 > 0.86);
}

void steer_without_decisions(const DataSet& data) {
  constexpr std::uint32_t kTrees = 7;
  const GrowthParams params{.seed = 5, .n_trees = kTrees, .max_features = 3, .n_draws = 1500};
  Growth alone = need(Growth::start(data, params), "start");
  CHECK(need(alone.grow(kTrees), "grow") == kTrees);
  Growth steered = need(Growth::start(data, params), "start");
  CHECK(need(steered.open_nodes(kTrees), "open nodes").size() == kTrees);
  const auto best = need(steered.best_splits(), "best splits");
  need(grow_by_levels(steered, kTrees), "by levels");

  const Forest expected = forest_of(std::move(alone));
  const Forest forest = forest_of(std::move(steered));
  CHECK(forest.offsets == expected.offsets);
  CHECK(forest.nodes.size() == expected.nodes.size() &&
        std::memcmp(forest.nodes.data(), expected.nodes.data(), forest.nodes.size() * sizeof(Node)) == 0);
  CHECK(r2_of(forest, friedman(1000, 2)) > 0.8);
  for (std::size_t tree = 0; tree < kTrees; ++tree) {
    const Node& root = forest.nodes[forest.offsets[tree]];
    CHECK(root.weight == 1500);
    CHECK(best[tree] && best[tree]->split.feature == static_cast<std::uint32_t>(root.feature));
    CHECK(best[tree] && best[tree]->split.threshold == root.threshold);
  }
}

// What the forests above did not ask for.
void call_the_rest(const DataSet& data) {
  CHECK(need(data.constant_features(), "constant features").empty());
  Growth growth =
      need(Growth::start(data, {.n_trees = 9, .max_features = 1, .max_depth = 2, .n_draws = 2000, .out_of_bag = true}),
           "start");
  CHECK(growth.best_splits().error().code == wasi_gpu::ErrorCode::invalid_params);
  CHECK(need(growth.grow(4), "grow") == 4);
  need(growth.stop(), "stop");
  const Model model = need(growth.finish(), "finish");
  CHECK(need(model.shape(), "shape").n_trees == 4);
  double sum = 0;
  for (const double importance : need(model.importances(), "importances")) sum += importance;
  CHECK(std::abs(sum - 1) < 1e-9);
  std::vector<double> predictions(2000);
  auto buffer = need(Buffer::create_for<double>(predictions.size()), "room for predictions");
  need(model.write_out_of_bag(buffer), "out of bag");
  need(buffer.read(predictions), "reading predictions");
  CHECK(predictions[0] > 5 && predictions[0] < 25);
  const auto refused = model.write_leaf_values(0, 1, buffer);
  CHECK(!refused && !refused.error().message.empty());
}

// What a call leaves in a buffer of `size` elements.
template <class T, class Write>
std::vector<T> written(std::size_t size, const Write& write) {
  std::vector<T> values(size);
  auto buffer = need(Buffer::create_for<T>(size), "room");
  need(write(buffer), "to write");
  need(buffer.read(values), "to read");
  return values;
}

// The host's predictions are the guest's, of a forest that is grown, packed, unpacked, or made of its nodes.
void predict_on_the_host(const DataSet& data) {
  constexpr std::uint32_t kTrees = 5;
  Growth growth =
      need(Growth::start(data, {.n_trees = kTrees, .max_features = 3, .n_draws = 700, .leaf_targets = true}), "start");
  CHECK(need(growth.grow(kTrees), "grow") == kTrees);
  const Model model = need(growth.finish(), "finish");
  const ModelShape shape = need(model.shape(), "shape");
  CHECK(shape.leaves == LeafKind::number && shape.n_outputs == 1 && shape.has_weights && shape.has_leaf_targets);
  auto nodes = need(Buffer::create_for<Node>(shape.n_nodes), "room for nodes");
  need(model.write_nodes(0, shape.n_nodes, nodes), "nodes");
  Forest forest{.offsets = need(model.tree_offsets(), "offsets"), .nodes = std::vector<Node>(shape.n_nodes)};
  need(nodes.read(forest.nodes), "reading nodes");

  const Rows rows = friedman(100, 3);
  const auto features = need(Buffer::from(rows.features), "features");
  const Table table{.n_rows = rows.n,
                    .features = {{.buffer = features.id(),
                                  .row_stride = sizeof(float),
                                  .column_stride = std::int64_t{rows.n} * std::int64_t{sizeof(float)},
                                  .n_columns = kFeatures}}};
  const auto outputs_of = [&](const Model& of) {
    return written<float>(rows.n, [&](Buffer& to) { return of.predict(table, Prediction::outputs, to); });
  };
  const auto outputs = outputs_of(model);
  for (std::uint32_t row = 0; row < rows.n; ++row) {
    CHECK(std::abs(double{outputs[row]} - predict(forest, rows, row)) < 1e-5);
  }
  const auto of_trees = written<float>(std::size_t{kTrees} * rows.n,
                                       [&](Buffer& to) { return model.predict(table, Prediction::trees, to); });
  double sum = 0;
  for (std::uint32_t tree = 0; tree < kTrees; ++tree) sum += double{of_trees[tree]} / kTrees;
  CHECK(std::abs(sum - double{outputs[0]}) < 1e-5);
  const auto leaves = written<std::uint32_t>(std::size_t{kTrees} * rows.n,
                                             [&](Buffer& to) { return model.predict(table, Prediction::leaves, to); });
  CHECK(leaves[0] < shape.n_nodes);
  const auto quantiles = written<float>(std::size_t{2} * rows.n,
                                        [&](Buffer& to) { return model.quantiles(table, std::vector{0.1, 0.9}, to); });
  CHECK(quantiles[0] <= quantiles[1]);

  constexpr PackedParts kAll = PackedParts::weights | PackedParts::leaf_targets;
  const std::uint64_t size = need(model.packed_size(kAll), "packed size");
  auto packed = need(Buffer::create(size + 3), "room for the packed model");
  need(model.pack(kAll, packed, 3), "pack");
  CHECK(outputs_of(need(Model::unpack(packed, 3, size), "unpack")) == outputs);
  CHECK(!Model::unpack(packed, 0, size));

  auto again =
      Model::create({.n_features = kFeatures, .average = true, .tree_offsets = forest.offsets, .nodes = nodes.id()});
  CHECK(outputs_of(need(std::move(again), "create")) == outputs);
}

}  // namespace

int main() {
  const DataSet data = data_set_of(friedman(2000, 1));
  learn_extra_trees(data);
  steer_without_decisions(data);
  call_the_rest(data);
  predict_on_the_host(data);
  return verdict("extra trees");
}
