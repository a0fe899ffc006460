// The types of wasi:gpu/forest (wit/0.2.0/forest.wit) in C++. What has the contract's layout crosses the boundary as it
// is; detail/forest_abi.hpp sees to the rest.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "wasi_gpu/types.hpp"

namespace wasi_gpu::forest {

// A live data set, growth or model of this module; 0: none.
using Handle = std::uint32_t;

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

// Of row i and column j: the element at byte offset + i * row_stride + j * column_stride.
struct Columns {
  BufferId buffer = 0;
  ElementType element = ElementType::float32;
  std::uint64_t offset = 0;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = sizeof(float);
  std::uint32_t n_columns = 0;
};

// Of row i: the element at byte offset + i * stride.
struct Numbers {
  BufferId buffer = 0;
  ElementType element = ElementType::float32;
  std::uint64_t offset = 0;
  std::int64_t stride = sizeof(float);
};

struct DataSetParams {
  std::uint32_t n_rows = 0;
  std::vector<Columns> features;  // side by side
  Numbers targets;
  std::uint32_t n_classes = 0;  // 0: regression
  std::optional<Numbers> draw_weights = {};
  std::optional<Numbers> criterion_weights = {};
  std::uint32_t max_bins = 255;
  bool fine_bins = true;
  std::uint64_t seed = 0;
};

struct GrowthParams {
  std::uint64_t seed = 0;
  std::uint32_t n_trees = 0;
  std::uint32_t max_features = 0;  // 1 to all
  std::optional<std::uint32_t> max_depth = {};
  std::uint32_t min_samples_split = 2;
  std::uint32_t min_samples_leaf = 1;
  double min_weight_fraction_leaf = 0;
  double min_impurity_decrease = 0;
  std::optional<std::uint32_t> n_draws = {};  // none: all rows, once
  bool balanced_subsample = false;
  bool out_of_bag = false;
  bool leaf_targets = false;  // for Model::quantiles
};

struct OpenNode {
  std::uint32_t tree = 0;
  std::uint32_t node = 0;
  std::uint32_t depth = 0;
  std::uint32_t rows = 0;
  std::uint32_t weight = 0;
  double impurity = 0;
};

// x <= threshold goes left.
struct Split {
  std::uint32_t feature = 0;
  float threshold = 0;
  bool missing_left = false;
};

struct FoundSplit {
  Split split;
  double decrease = 0;
  std::uint32_t left_rows = 0;
  std::uint32_t left_weight = 0;
};

// `node`, here and below: the place in the list of open nodes.
struct NodeFeature {
  std::uint32_t node = 0;
  std::uint32_t feature = 0;
};

struct ValueRange {
  float low = 0;
  float high = 0;
  std::uint32_t missing = 0;
};

struct Candidate {
  std::uint32_t node = 0;
  Split split;
};

struct Decision {
  std::uint32_t node = 0;
  std::optional<Split> split = {};  // none: a leaf
};

// What leaves hold: a number in the node itself, a u32 for each class, or an f32 for each output.
enum class LeafKind : std::uint8_t { number, classes, vector };

struct ModelShape {
  std::uint32_t n_trees = 0;
  std::uint32_t n_features = 0;
  LeafKind leaves = LeafKind::number;
  std::uint32_t n_outputs = 0;  // of classes their number, of a regression 1
  std::uint64_t n_nodes = 0;
  std::uint64_t n_leaves = 0;
  bool has_weights = false;
  bool has_leaf_targets = false;
  std::uint32_t numerics = 0;
};

// A node as Model::write_nodes leaves it in a buffer. Children are relative to the tree's root.
struct Node {
  std::int32_t feature = -1;        // -1: a leaf
  float threshold = 0;              // of a leaf: its number
  std::uint32_t left = 0;           // the right child comes next
  std::uint32_t missing_child = 0;  // where missing values go
  std::uint32_t weight = 0;

  [[nodiscard]] constexpr bool is_leaf() const { return feature == -1; }
};
static_assert(sizeof(Node) == 20);

struct LeafValues {
  BufferId buffer = 0;
  std::uint64_t offset = 0;
};

// A forest that was made elsewhere.
struct ModelParams {
  std::uint32_t n_features = 0;
  LeafKind leaves = LeafKind::number;
  std::uint32_t n_outputs = 1;
  bool average = false;                          // or the sum
  std::vector<double> base = {};                 // added to each output; none: 0
  std::vector<std::uint64_t> tree_offsets;       // as Model::tree_offsets gives them
  std::vector<std::uint32_t> tree_outputs = {};  // of numbers, and several outputs: to which each tree adds
  BufferId nodes = 0;                            // each a Node
  std::uint64_t nodes_offset = 0;
  std::optional<LeafValues> leaf_values = {};  // of classes and vectors
};

// What Model::pack keeps beside what predictions need; combine them with |.
enum class PackedParts : std::uint32_t {
  none = 0,
  weights = 1u << 0,
  leaf_targets = 1u << 1,
};

[[nodiscard]] constexpr PackedParts operator|(PackedParts a, PackedParts b) {
  return static_cast<PackedParts>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}

// Rows to predict: the model's features, side by side.
struct Table {
  std::uint32_t n_rows = 0;
  std::vector<Columns> features;
};

// An f32 for each output; of each tree its f32, or one for each output; of each tree the number of the leaf, a u32.
enum class Prediction : std::uint8_t { outputs, trees, leaves };

}  // namespace wasi_gpu::forest
