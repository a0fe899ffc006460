// Files of Treelite's format with any content, right or wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace wasm_ml {

class TreeliteBytes {
 public:
  template <class T>
  TreeliteBytes& scalar(T value) {
    const std::size_t end = bytes_.size();
    bytes_.resize(end + sizeof(T));
    std::memcpy(bytes_.data() + end, &value, sizeof(T));
    return *this;
  }
  template <class T>
  TreeliteBytes& array(const std::vector<T>& values) {
    length_offsets_.push_back(bytes_.size());
    scalar<std::uint64_t>(values.size());
    for (const T value : values) scalar(value);
    return *this;
  }
  TreeliteBytes& text(const std::string& text) { return array(std::vector<char>(text.begin(), text.end())); }
  // Thresholds and leaf values.
  TreeliteBytes& numbers(const std::vector<double>& values, bool is_double) {
    return is_double ? array(values) : array(std::vector<float>(values.begin(), values.end()));
  }

  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }
  // Of the lengths of arrays.
  [[nodiscard]] const std::vector<std::size_t>& length_offsets() const { return length_offsets_; }

 private:
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> length_offsets_;
};

struct RawTree {
  std::int32_t n_nodes = 0;
  std::uint8_t has_categorical_split = 0;
  std::vector<std::int8_t> types;
  std::vector<std::int32_t> lefts, rights, features;
  std::vector<std::uint8_t> default_lefts;
  std::vector<double> leaf_values, thresholds;
  std::vector<std::int8_t> operators;
  std::vector<std::uint8_t> category_list_rights;
  std::vector<double> vectors;
  std::vector<std::uint64_t> vector_begins, vector_ends;
  std::vector<std::uint32_t> categories;
  std::vector<std::uint64_t> category_begins, category_ends;
  std::vector<std::uint64_t> counts;
  std::vector<std::uint8_t> has_count;
  std::vector<double> hessians;
  std::vector<std::uint8_t> has_hessian;
  std::vector<double> gains;
  std::vector<std::uint8_t> has_gain;
  std::int32_t n_optional_fields = 0;
  std::int32_t n_optional_node_fields = 0;

  // All leaves of value 0.
  explicit RawTree(std::size_t n)
      : n_nodes(static_cast<std::int32_t>(n)),
        types(n, 0),
        lefts(n, -1),
        rights(n, -1),
        features(n, -1),
        default_lefts(n, 0),
        leaf_values(n, 0),
        thresholds(n, 0),
        operators(n, 0),
        category_list_rights(n, 0),
        vector_begins(n, 0),
        vector_ends(n, 0),
        category_begins(n, 0),
        category_ends(n, 0) {}

  // operation: 2 <, 3 <=, 4 >, 5 >=.
  RawTree& split(std::size_t node, std::int32_t feature, double threshold, std::int32_t left, std::int32_t right,
                 std::int8_t operation = 3, bool default_left = false) {
    types[node] = 1;
    lefts[node] = left;
    rights[node] = right;
    features[node] = feature;
    thresholds[node] = threshold;
    operators[node] = operation;
    default_lefts[node] = default_left ? 1 : 0;
    return *this;
  }
  RawTree& leaf(std::size_t node, double value) {
    leaf_values[node] = value;
    return *this;
  }
  RawTree& leaf(std::size_t node, const std::vector<double>& values) {
    vector_begins[node] = vectors.size();
    vectors.insert(vectors.end(), values.begin(), values.end());
    vector_ends[node] = vectors.size();
    return *this;
  }
};

struct RawModel {
  std::int32_t major = 4;
  std::int32_t minor = 5;
  std::int32_t patch = 1;
  bool is_double = true;
  std::int32_t n_features = 2;
  std::uint8_t task = 1;  // regression
  std::uint8_t average = 0;
  std::vector<std::int32_t> n_classes = {1};
  std::vector<std::int32_t> leaf_shape = {1, 1};
  std::vector<std::int32_t> targets = {0};
  std::vector<std::int32_t> classes = {0};
  std::string postprocessor = "identity";
  float sigmoid_alpha = 1;
  float ratio_c = 1;
  std::vector<double> base = {0};
  std::string attributes = "{}";
  std::int32_t n_optional_fields = 0;
  std::vector<RawTree> trees;

  // x[0] <= 0.5 ? 1 : 2
  [[nodiscard]] static RawModel stump() {
    RawModel model;
    model.trees.push_back(RawTree(3).split(0, 0, 0.5, 1, 2).leaf(1, 1).leaf(2, 2));
    return model;
  }

  [[nodiscard]] TreeliteBytes file() const {
    TreeliteBytes file;
    const std::uint8_t type = is_double ? 3 : 2;
    file.scalar(major).scalar(minor).scalar(patch).scalar(type).scalar(type);
    file.scalar<std::uint64_t>(trees.size()).scalar(n_features).scalar(task).scalar(average);
    file.scalar(static_cast<std::int32_t>(n_classes.size())).array(n_classes).array(leaf_shape);
    file.array(targets).array(classes).text(postprocessor).scalar(sigmoid_alpha).scalar(ratio_c);
    file.array(base).text(attributes).scalar(n_optional_fields);
    for (std::int32_t i = 0; i < n_optional_fields; ++i) add_optional_field(file);
    for (const RawTree& tree : trees) add_tree(tree, file);
    return file;
  }
  [[nodiscard]] std::vector<std::byte> bytes() const { return file().bytes(); }

 private:
  static void add_optional_field(TreeliteBytes& file) {
    file.text("later").scalar<std::uint64_t>(4).scalar<std::uint64_t>(2).scalar<std::uint64_t>(0);
  }

  void add_tree(const RawTree& tree, TreeliteBytes& file) const {
    file.scalar(tree.n_nodes).scalar(tree.has_categorical_split).array(tree.types).array(tree.lefts);
    file.array(tree.rights).array(tree.features).array(tree.default_lefts).numbers(tree.leaf_values, is_double);
    file.numbers(tree.thresholds, is_double).array(tree.operators).array(tree.category_list_rights);
    file.numbers(tree.vectors, is_double).array(tree.vector_begins).array(tree.vector_ends);
    file.array(tree.categories).array(tree.category_begins).array(tree.category_ends);
    file.array(tree.counts).array(tree.has_count).array(tree.hessians).array(tree.has_hessian);
    file.array(tree.gains).array(tree.has_gain);
    file.scalar(tree.n_optional_fields);
    for (std::int32_t i = 0; i < tree.n_optional_fields; ++i) add_optional_field(file);
    file.scalar(tree.n_optional_node_fields);
    for (std::int32_t i = 0; i < tree.n_optional_node_fields; ++i) add_optional_field(file);
  }
};

}  // namespace wasm_ml
