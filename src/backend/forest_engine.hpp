// The seam's part for forests: what a backend that grows them implements. Semantics: wit/0.2.0/forest.wit and
// docs/forest-numerics.md.
//
//   ForestEngine   of a stream
//   ForestData     rows in bins, shared by any number of growths
//   ForestGrowth   trees that grow
//   ForestModel    a finished forest, grown here or made elsewhere
//
// Checked above the seam, once, in src/wasi_gpu/forest_*.cpp: parameters by themselves and against the data set, and
// that all sources and outputs lie inside their buffers. Values *inside* sources are the engine's to check:
// invalid_params that name row and column. All calls are made within Stream::perform, return when their work is done,
// and stop early with any error once the stream's interrupt is requested. The stream outlives all objects. Where a call
// fails, objects stay as they were.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "backend/gpu_error.hpp"
#include "backend/memory_budget.hpp"
#include "forest/parameters.hpp"

namespace gpu_host {

class Buffer;

enum class ElementType : std::uint8_t {
  float16,
  float32,
  float64,
  int8,
  uint8,
  int16,
  uint16,
  int32,
  uint32,
  int64,
  uint64,
};

inline constexpr std::uint32_t kElementTypeCount = 11;

[[nodiscard]] constexpr std::uint64_t size_of(ElementType element) {
  switch (element) {
    case ElementType::int8:
    case ElementType::uint8:
      return 1;
    case ElementType::float16:
    case ElementType::int16:
    case ElementType::uint16:
      return 2;
    case ElementType::float32:
    case ElementType::int32:
    case ElementType::uint32:
      return 4;
    case ElementType::float64:
    case ElementType::int64:
    case ElementType::uint64:
      return 8;
  }
  return 0;
}

// The value of row i and column j is at byte offset + i * row_stride + j * column_stride.
struct ForestColumns {
  const Buffer* buffer = nullptr;
  ElementType element = ElementType::float32;
  std::uint64_t offset = 0;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 0;
  std::uint32_t n_columns = 0;
};

// One number a row.
struct ForestNumbers {
  const Buffer* buffer = nullptr;
  ElementType element = ElementType::float32;
  std::uint64_t offset = 0;
  std::int64_t stride = 0;
};

struct ForestDataParams {
  std::uint32_t n_rows = 0;
  std::vector<ForestColumns> features;
  ForestNumbers targets;
  std::uint32_t n_classes = 0;  // 0: regression
  std::optional<ForestNumbers> draw_weights;
  std::optional<ForestNumbers> criterion_weights;
  std::uint32_t max_bins = 0;
  bool fine_bins = true;
  std::uint64_t seed = 0;
};

enum class LeafKind : std::uint8_t { number, classes, vector };

inline constexpr std::uint32_t kLeafKindCount = 3;

struct ForestShape {
  std::uint32_t n_trees = 0;
  std::uint32_t n_features = 0;
  LeafKind leaves = LeafKind::number;
  std::uint32_t n_outputs = 0;
  std::uint64_t n_nodes = 0;
  std::uint64_t n_leaves = 0;
  bool has_weights = false;
  bool has_leaf_targets = false;
  std::uint32_t numerics = 0;
};

// Bytes that a leaf has outside its node.
[[nodiscard]] constexpr std::uint64_t leaf_bytes(const ForestShape& shape) {
  return shape.leaves == LeafKind::number ? 0 : sizeof(float) * std::uint64_t{shape.n_outputs};
}

struct ForestModelParams {
  std::uint32_t n_features = 0;
  LeafKind leaves = LeafKind::number;
  std::uint32_t n_outputs = 1;
  bool average = false;
  std::vector<double> base;                 // n_outputs or none
  std::vector<std::uint64_t> tree_offsets;  // trees of 1, 3, 5, … nodes
  std::vector<std::uint32_t> tree_outputs;  // of leaves of numbers: one a tree, below n_outputs, or none
  const Buffer* nodes = nullptr;
  std::uint64_t nodes_offset = 0;
  const Buffer* leaf_values = nullptr;  // of the other leaves
  std::uint64_t leaf_values_offset = 0;
};

// What a packed model keeps beside what predictions need.
struct PackedParts {
  bool weights = false;
  bool leaf_targets = false;
};

// Rows to predict.
struct ForestTable {
  std::uint32_t n_rows = 0;
  std::vector<ForestColumns> features;
};

enum class ForestPrediction : std::uint8_t { outputs, trees, leaves };

inline constexpr std::uint32_t kForestPredictionCount = 3;

// Elements of 4 bytes for each row.
[[nodiscard]] constexpr std::uint64_t prediction_elements(const ForestShape& shape, ForestPrediction what) {
  switch (what) {
    case ForestPrediction::outputs:
      return shape.n_outputs;
    case ForestPrediction::trees:
      return shape.leaves == LeafKind::number ? shape.n_trees : std::uint64_t{shape.n_trees} * shape.n_outputs;
    case ForestPrediction::leaves:
      return shape.n_trees;
  }
  return 0;
}

struct OpenNode {
  std::uint32_t tree = 0;
  std::uint32_t node = 0;
  std::uint32_t depth = 0;
  std::uint32_t rows = 0;
  std::uint32_t weight = 0;
  double impurity = 0;
};

struct ForestSplit {
  std::uint32_t feature = 0;
  float threshold = 0;
  bool missing_left = false;
};

struct FoundSplit {
  ForestSplit split;
  double decrease = 0;
  std::uint32_t left_rows = 0;
  std::uint32_t left_weight = 0;
};

// `node`: the place in the list of open nodes.
struct NodeFeature {
  std::uint32_t node = 0;
  std::uint32_t feature = 0;
};

struct ValueRange {
  float low = 0;
  float high = 0;
  std::uint32_t missing = 0;
};

struct SplitCandidate {
  std::uint32_t node = 0;
  ForestSplit split;
};

struct SplitDecision {
  std::uint32_t node = 0;
  std::optional<ForestSplit> split;  // none: a leaf
};

class ForestModel {
 public:
  virtual ~ForestModel() = default;
  [[nodiscard]] virtual const ForestShape& shape() const = 0;
  [[nodiscard]] virtual bool has_out_of_bag() const = 0;
  [[nodiscard]] virtual bool has_importances() const = 0;  // it was grown
  [[nodiscard]] virtual std::uint32_t n_rows() const = 0;  // of the data set
  [[nodiscard]] virtual GpuResult<std::vector<std::uint64_t>> tree_offsets() = 0;
  [[nodiscard]] virtual GpuResult<std::vector<double>> importances() = 0;
  // Ranges are inside the model's; outputs are large enough.
  [[nodiscard]] virtual GpuResult<void> write_nodes(std::uint64_t first, std::uint64_t n_nodes, Buffer& output,
                                                    std::uint64_t offset) = 0;
  // Of other leaves than numbers; of classes where the shape has weights.
  [[nodiscard]] virtual GpuResult<void> write_leaf_values(std::uint64_t first, std::uint64_t n_leaves, Buffer& output,
                                                          std::uint64_t offset) = 0;
  [[nodiscard]] virtual GpuResult<void> write_out_of_bag(Buffer& output, std::uint64_t offset) = 0;
  // `rows` has the model's features.
  [[nodiscard]] virtual GpuResult<void> predict(const ForestTable& rows, ForestPrediction what, Buffer& output,
                                                std::uint64_t offset) = 0;
  // Of a model with leaf targets; each from 0 to 1.
  [[nodiscard]] virtual GpuResult<void> quantiles(const ForestTable& rows, std::span<const double> quantiles,
                                                  Buffer& output, std::uint64_t offset) = 0;
  // Parts that the model has.
  [[nodiscard]] virtual GpuResult<std::uint64_t> packed_size(PackedParts parts) = 0;
  // Checks by itself that the output has room: to know the size is work.
  [[nodiscard]] virtual GpuResult<void> pack(PackedParts parts, Buffer& output, std::uint64_t offset) = 0;
};

// A node as write_nodes gives it and models are made of.
struct ForestNode {
  std::int32_t feature;   // -1: a leaf
  float value;            // a threshold, or a leaf's number
  std::uint32_t left;     // the right child is the next one
  std::uint32_t missing;  // the child that missing values go to
  std::uint32_t weight;
};
static_assert(sizeof(ForestNode) == 20);

class ForestGrowth {
 public:
  virtual ~ForestGrowth() = default;
  [[nodiscard]] virtual std::uint32_t n_trees() const = 0;  // of the forest; fewer once it was stopped
  [[nodiscard]] virtual std::uint32_t n_finished() const = 0;
  [[nodiscard]] virtual std::uint32_t n_open() const = 0;  // nodes, as open_nodes gave them; 0 after split_nodes
  [[nodiscard]] virtual GpuResult<void> grow(std::uint32_t n_trees) = 0;
  [[nodiscard]] virtual GpuResult<std::vector<OpenNode>> open_nodes(std::uint32_t n_trees) = 0;
  // These are asked of nodes below n_open(), and of features that there are.
  [[nodiscard]] virtual GpuResult<std::vector<std::optional<FoundSplit>>> best_splits() = 0;
  [[nodiscard]] virtual GpuResult<std::vector<ValueRange>> value_ranges(std::span<const NodeFeature> of) = 0;
  [[nodiscard]] virtual GpuResult<std::vector<std::optional<FoundSplit>>> evaluate(
      std::span<const SplitCandidate> candidates) = 0;
  // Each node at most once. invalid_params for a split that evaluate gives none for.
  [[nodiscard]] virtual GpuResult<void> split_nodes(std::span<const SplitDecision> decisions) = 0;
  [[nodiscard]] virtual GpuResult<void> stop() = 0;
  // Of at least one tree, all finished. The last call.
  [[nodiscard]] virtual GpuResult<std::unique_ptr<ForestModel>> finish() = 0;
};

class ForestData {
 public:
  virtual ~ForestData() = default;
  [[nodiscard]] virtual std::uint32_t n_rows() const = 0;
  [[nodiscard]] virtual std::uint32_t n_features() const = 0;
  [[nodiscard]] virtual std::uint32_t n_classes() const = 0;
  [[nodiscard]] virtual bool has_criterion_weights() const = 0;
  [[nodiscard]] virtual std::vector<std::uint32_t> constant_features() const = 0;  // fewer than two bins
};

// What a model has beside its trees.
struct ForestExtras {
  bool out_of_bag = false;
  bool leaf_targets = false;
};

class ForestEngine {
 public:
  virtual ~ForestEngine() = default;
  // What the objects keep is taken from the budget, which outlives them.
  [[nodiscard]] virtual GpuResult<std::shared_ptr<const ForestData>> create_data(const ForestDataParams& params,
                                                                                 MemoryBudget& budget) = 0;
  // `data` is of this engine.
  [[nodiscard]] virtual GpuResult<std::unique_ptr<ForestGrowth>> start(std::shared_ptr<const ForestData> data,
                                                                       const forest::Parameters& parameters,
                                                                       const ForestExtras& extras,
                                                                       MemoryBudget& budget) = 0;
  // Trees are the engine's to check: invalid_params that name tree and node.
  [[nodiscard]] virtual GpuResult<std::unique_ptr<ForestModel>> create_model(const ForestModelParams& params,
                                                                             MemoryBudget& budget) = 0;
  // So is all of a packed model.
  [[nodiscard]] virtual GpuResult<std::unique_ptr<ForestModel>> unpack(const Buffer& from, std::uint64_t offset,
                                                                       std::uint64_t size, MemoryBudget& budget) = 0;
};

}  // namespace gpu_host
