// A module that grows the forests that parity.py asks for, one after the other: from standard input the task and its
// arrays, to standard output what the forest predicts for the test rows, then for those outside the trees' samples, and
// its number of nodes, all as f64.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <vector>

#include "task.hpp"
#include "wasi_gpu/forest.hpp"

namespace {

using forest_bench::fail;
using wasi_gpu::Buffer;
using wasi_gpu::forest::Columns;
using wasi_gpu::forest::DataSet;
using wasi_gpu::forest::ElementType;
using wasi_gpu::forest::Growth;
using wasi_gpu::forest::Model;
using wasi_gpu::forest::Node;
using wasi_gpu::forest::Numbers;

constexpr std::size_t kBlock = std::size_t{1} << 24U;  // bytes; Wasmtime moves no more than 128 MiB at a time

template <class T>
T checked(wasi_gpu::Result<T> result) {
  if (!result) fail(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// As parity.py packs it.
struct Task {
  std::uint32_t rows;
  std::uint32_t test_rows;
  std::uint32_t features;
  std::uint32_t classes;  // 0: regression
  std::uint32_t trees;
  std::uint32_t depth;  // 0: any
  std::uint32_t max_features;
  std::uint32_t min_samples_leaf;
  std::uint32_t draws;    // 0: no bootstrap
  std::uint32_t weights;  // 0: none, 1: for the draws, 2: for the criterion
  std::uint32_t balanced_subsample;
  std::uint32_t out_of_bag;
  std::uint32_t seed;

  [[nodiscard]] std::size_t outputs() const { return std::max(1u, classes); }
};

template <class T>
std::vector<T> read(std::size_t size) {
  std::vector<T> numbers(size);
  for (std::size_t at = 0; at < size;) {
    const std::size_t count = std::min(kBlock / sizeof(T), size - at);
    if (std::fread(&numbers[at], sizeof(T), count, stdin) != count) fail("the task is cut short");
    at += count;
  }
  return numbers;
}

void write(const std::vector<double>& numbers) {
  for (std::size_t at = 0; at < numbers.size();) {
    const std::size_t count = std::min(kBlock / sizeof(double), numbers.size() - at);
    if (std::fwrite(&numbers[at], sizeof(double), count, stdout) != count) fail("cannot write");
    at += count;
  }
}

Model grow(const Task& task, const std::vector<float>& values) {
  const Buffer x = checked(Buffer::from(values));
  const Buffer y = checked(Buffer::from(read<double>(task.rows)));
  const auto doubles = [](const Buffer& buffer) {
    return Numbers{.buffer = buffer.id(), .element = ElementType::float64, .stride = sizeof(double)};
  };
  Buffer weights;
  std::optional<Numbers> weight_numbers;
  if (task.weights != 0) {
    weights = checked(Buffer::from(read<double>(task.rows)));
    weight_numbers = doubles(weights);
  }
  const std::int64_t row_bytes = std::int64_t{task.features} * std::int64_t{sizeof(float)};
  const DataSet data = checked(
      DataSet::create({.n_rows = task.rows,
                       .features = {Columns{.buffer = x.id(), .row_stride = row_bytes, .n_columns = task.features}},
                       .targets = doubles(y),
                       .n_classes = task.classes,
                       .draw_weights = task.weights == 1 ? weight_numbers : std::nullopt,
                       .criterion_weights = task.weights == 2 ? weight_numbers : std::nullopt,
                       .seed = task.seed}));
  Growth growth = checked(Growth::start(data, {.seed = task.seed,
                                               .n_trees = task.trees,
                                               .max_features = task.max_features,
                                               .max_depth = task.depth == 0 ? std::nullopt : std::optional(task.depth),
                                               .min_samples_leaf = task.min_samples_leaf,
                                               .n_draws = task.draws == 0 ? std::nullopt : std::optional(task.draws),
                                               .balanced_subsample = task.balanced_subsample != 0,
                                               .out_of_bag = task.out_of_bag != 0}));
  if (checked(growth.grow(task.trees)) != task.trees) fail("the forest did not grow to its end");
  return checked(growth.finish());
}

std::vector<double> predict(const Task& task, const Model& model, const std::vector<float>& values) {
  const auto shape = checked(model.shape());
  std::vector<Node> nodes(static_cast<std::size_t>(shape.n_nodes));
  std::vector<std::uint32_t> leaf_classes(static_cast<std::size_t>(shape.n_leaves) * task.classes);
  {
    Buffer buffer = checked(Buffer::create_for<Node>(nodes.size()));
    checked(model.write_nodes(0, nodes.size(), buffer));
    checked(buffer.read(nodes));
  }
  if (task.classes != 0) {
    Buffer buffer = checked(Buffer::create_for<std::uint32_t>(leaf_classes.size()));
    checked(model.write_leaf_values(0, shape.n_leaves, buffer));
    checked(buffer.read(leaf_classes));
  }
  std::uint32_t n_leaves = 0;
  for (Node& node : nodes) {
    if (node.is_leaf()) node.left = n_leaves++;
  }
  const std::vector<std::uint64_t> offsets = checked(model.tree_offsets());
  std::vector<double> means(task.outputs() * task.test_rows);
  for (std::size_t tree = 0; tree < task.trees; ++tree) {
    const Node* root = &nodes[static_cast<std::size_t>(offsets[tree])];
    for (std::size_t row = 0; row < task.test_rows; ++row) {
      const Node* node = root;
      while (!node->is_leaf()) {
        const float value = values[(row * task.features) + static_cast<std::size_t>(node->feature)];
        node = root + (std::isnan(value) ? node->missing_child : node->left + (value <= node->threshold ? 0 : 1));
      }
      if (task.classes == 0) means[row] += static_cast<double>(node->threshold) / task.trees;
      for (std::size_t c = 0; c < task.classes; ++c) {
        means[(row * task.classes) + c] +=
            static_cast<double>(leaf_classes[(std::size_t{node->left} * task.classes) + c]) / node->weight / task.trees;
      }
    }
  }
  return means;
}

}  // namespace

int main() {
  Task task = {};
  while (std::fread(&task, sizeof(task), 1, stdin) == 1) {
    const auto values = read<float>(std::size_t{task.rows} * task.features);
    const auto test_values = read<float>(std::size_t{task.test_rows} * task.features);
    const Model model = grow(task, values);
    write(predict(task, model, test_values));
    if (task.out_of_bag != 0) {
      std::vector<double> means(task.outputs() * task.rows);
      Buffer buffer = checked(Buffer::create_for<double>(means.size()));
      checked(model.write_out_of_bag(buffer));
      checked(buffer.read(means));
      write(means);
    }
    write({static_cast<double>(checked(model.shape()).n_nodes)});
  }
  return 0;
}
