// A module that grows forests from arrays in its memory and says how long each took (run.py); then predicts.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "task.hpp"
#include "wasi_gpu/forest.hpp"

namespace {

using forest_bench::fail;
using forest_bench::Task;
using forest_bench::Times;
using wasi_gpu::Buffer;
using wasi_gpu::forest::Columns;
using wasi_gpu::forest::DataSet;
using wasi_gpu::forest::Growth;
using wasi_gpu::forest::Model;
using wasi_gpu::forest::Node;
using wasi_gpu::forest::Numbers;

template <class T>
T checked(wasi_gpu::Result<T> result) {
  if (!result) fail(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Forest {
  Times times;
  Model model;
  std::vector<std::uint64_t> offsets;  // of the trees' nodes
};

Forest grow(const Task& task, const std::vector<float>& values, const std::vector<float>& targets) {
  Times times;
  forest_bench::Stopwatch watch;
  std::optional<Buffer> x = checked(Buffer::from(values));
  std::optional<Buffer> y = checked(Buffer::from(targets));
  times.arrays = watch.lap();
  const std::int64_t row_bytes = std::int64_t{task.features} * std::int64_t{sizeof(float)};
  const DataSet data = checked(
      DataSet::create({.n_rows = task.rows,
                       .features = {Columns{.buffer = x->id(), .row_stride = row_bytes, .n_columns = task.features}},
                       .targets = Numbers{.buffer = y->id()},
                       .n_classes = task.classes}));
  x.reset();
  y.reset();
  times.bins = watch.lap();
  Growth growth = checked(Growth::start(
      data, {.n_trees = task.trees, .max_features = task.mtry, .max_depth = task.depth, .n_draws = task.rows}));
  if (checked(growth.grow(task.trees)) != task.trees) fail("the forest did not grow to its end");
  times.growth = watch.lap();
  Model model = checked(growth.finish());
  times.finish = watch.lap();
  std::vector<std::uint64_t> offsets = checked(model.tree_offsets());
  return {times, std::move(model), std::move(offsets)};
}

// Some trees, next to each other: 5 words a node, then a number for each leaf and class.
class Trees {
 public:
  Trees(const Forest& forest, std::uint32_t first, std::uint32_t last, std::uint32_t n_classes)
      : offsets_(std::span(forest.offsets).subspan(first, last - first + 1)), n_classes_(n_classes) {
    const std::uint64_t n_leaves = leaves_before(forest.offsets, last) - leaves_before(forest.offsets, first);
    words_.resize(static_cast<std::size_t>((n_nodes() * kNodeWords) + (n_leaves * n_classes)));
    Buffer buffer = checked(Buffer::create_for<std::uint32_t>(words_.size()));
    checked(forest.model.write_nodes(offsets_[0], n_nodes(), buffer));
    if (n_classes != 0) {
      checked(forest.model.write_leaf_values(leaves_before(forest.offsets, first), n_leaves, buffer,
                                             n_nodes() * sizeof(Node)));
    }
    checked(buffer.read(words_));
    number_leaves();
  }

  // Adds what the trees say of each row. The table has no missing values.
  void predict(const std::vector<float>& values, std::uint32_t n_features, std::vector<double>& sums) const {
    const std::size_t n_outputs = std::max(1u, n_classes_);
    for (std::size_t tree = 0; tree + 1 < offsets_.size(); ++tree) {
      const std::uint64_t root = offsets_[tree] - offsets_[0];
      double* output = sums.data();
      for (const float* row = values.data(); row != values.data() + values.size(); row += n_features) {
        Node node = at(root);
        while (!node.is_leaf()) node = at(root + node.left + (row[node.feature] <= node.threshold ? 0 : 1));
        if (n_classes_ == 0) *output += node.threshold;
        const std::uint32_t* weights = words_.data() + (n_nodes() * kNodeWords) + (std::size_t{node.left} * n_classes_);
        for (std::uint32_t c = 0; c < n_classes_; ++c) output[c] += static_cast<double>(weights[c]) / node.weight;
        output += n_outputs;
      }
    }
  }

 private:
  static constexpr std::size_t kNodeWords = sizeof(Node) / sizeof(std::uint32_t);

  // A node has two children or none.
  static std::uint64_t leaves_before(const std::vector<std::uint64_t>& offsets, std::uint32_t tree) {
    return (offsets[tree] + tree) / 2;
  }
  [[nodiscard]] std::size_t n_nodes() const { return static_cast<std::size_t>(offsets_.back() - offsets_.front()); }
  [[nodiscard]] Node at(std::uint64_t number) const {
    Node node;
    std::memcpy(&node, &words_[static_cast<std::size_t>(number) * kNodeWords], sizeof(node));
    return node;
  }
  // Instead of a left child.
  void number_leaves() {
    std::uint32_t n_leaves = 0;
    for (std::size_t i = 0; i < n_nodes(); ++i) {
      Node node = at(i);
      if (!node.is_leaf()) continue;
      node.left = n_leaves++;
      std::memcpy(&words_[i * kNodeWords], &node, sizeof(node));
    }
  }

  std::span<const std::uint64_t> offsets_;
  std::uint32_t n_classes_;
  std::vector<std::uint32_t> words_;
};

void write_predictions(const Task& task, const Forest& forest) {
  constexpr std::uint64_t kMostNodes = std::uint64_t{1} << 24U;  // at a time, where they are of more than one tree
  const std::vector<float> values = task.read("test_x.f32", std::size_t{task.test_rows} * task.features);
  std::vector<double> sums(std::size_t{task.test_rows} * std::max(1u, task.classes));
  const std::vector<std::uint64_t>& offsets = forest.offsets;
  for (std::uint32_t first = 0, last = 0; first < task.trees; first = last) {
    do ++last;
    while (last < task.trees && offsets[last + 1] - offsets[first] <= kMostNodes);
    Trees(forest, first, last, task.classes).predict(values, task.features, sums);
  }
  for (double& sum : sums) sum /= task.trees;
  const std::string path = task.folder + "/predictions.f64";
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(sums.data(), sizeof(double), sums.size(), file) != sums.size() ||
      std::fclose(file) != 0) {
    fail("cannot write " + path);
  }
}

}  // namespace

int main(int count, char** words) {
  const Task task(count, words);
  const std::vector<float> values = task.read_values();
  const std::vector<float> targets = task.read_targets();
  for (double spent = 0;;) {
    const Forest forest = grow(task, values, targets);
    forest.times.print(forest.offsets.back());
    spent += forest.times.sum();
    if (spent < task.seconds) continue;
    if (task.test_rows != 0) write_predictions(task, forest);
    return 0;
  }
}
