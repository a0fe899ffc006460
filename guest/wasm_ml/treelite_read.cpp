#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "text.hpp"
#include "treelite.hpp"
#include "treelite_fields.hpp"
#include "treelite_format.hpp"

namespace wasm_ml {
namespace {

using treelite::FieldReader;
using treelite::FileArray;
using treelite::FileNumbers;
using treelite::Length;
using treelite::NodeType;
using treelite::Operator;
using treelite::wide;

// `value <= threshold`, or, `reversed`, its contrary.
struct Comparison {
  float threshold = 0;
  bool reversed = false;
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// For all f32 values the same as with `threshold`, which is not NaN.
Comparison comparison_in_f32(Operator operation, double threshold) {
  const bool reversed = operation == Operator::greater || operation == Operator::greater_equal;
  auto below = static_cast<float>(threshold);  // The greatest f32 that is not above it.
  if (static_cast<double>(below) > threshold) below = std::nextafter(below, -kInfinity);
  if ((operation == Operator::less || operation == Operator::greater_equal) &&
      static_cast<double>(below) == threshold) {
    if (below == -kInfinity) return {kInfinity, !reversed};  // No value is below it.
    below = std::nextafter(below, -kInfinity);
  }
  return {below + 0.0F, reversed};  // 0 is not negative.
}

class ModelReader {
 public:
  explicit ModelReader(std::string_view bytes) : fields_(bytes) {}

  Result<PortableForest> read() {
    read_header();
    forest_.tree_offsets.push_back(0);
    for (std::uint64_t tree = 0; tree < n_trees_ && !fields_.failed(); ++tree) {
      fields_.enter_tree(tree);
      read_tree();
      forest_.tree_offsets.push_back(forest_.nodes.size());
    }
    if (!fields_.at_end()) fields_.fail(fields_.offset(), "the file goes on after the last tree");
    if (fields_.failed()) return std::unexpected(fields_.take_error());
    return std::move(forest_);
  }

 private:
  void read_header() {
    read_version();
    const std::uint64_t type_at = fields_.offset();
    const auto threshold_type = fields_.scalar<std::uint8_t>("threshold_type");
    const auto leaf_type = fields_.scalar<std::uint8_t>("leaf_output_type");
    is_double_ = threshold_type == treelite::kFloat64;
    if (threshold_type != leaf_type || (threshold_type != treelite::kFloat32 && !is_double_)) {
      fields_.fail(type_at, "thresholds of type %u and leaf values of type %u: both must be f32 (2) or f64 (3)",
                   unsigned{threshold_type}, unsigned{leaf_type});
    }
    const std::uint64_t n_trees_at = fields_.offset();
    n_trees_ = fields_.scalar<std::uint64_t>("num_tree");
    if (n_trees_ == 0) fields_.fail(n_trees_at, "there is no tree");
    forest_.n_features = fields_.positive("num_feature");

    const std::uint64_t task_at = fields_.offset();
    const auto task = fields_.scalar<std::uint8_t>("task_type");
    if (task > static_cast<std::uint8_t>(ForestTask::isolation)) {
      fields_.fail(task_at, "'task_type' is %u, which is not known", unsigned{task});
    } else {
      forest_.task = static_cast<ForestTask>(task);
    }
    forest_.average = fields_.flag("average_tree_output");
    read_outputs();
    read_postprocessor();

    const std::uint64_t base_at = fields_.offset();
    const auto base = fields_.array<double>("base_scores", {forest_.n_outputs});
    for (std::size_t i = 0; i < base.size(); ++i) {
      if (!std::isfinite(base[i])) fields_.fail(base.offset_of(i), "an element of 'base_scores' is not finite");
      forest_.base.push_back(base[i]);
    }
    check_means(base_at);
    (void)fields_.text("attributes");
    fields_.skip_optional_fields("num_opt_field_per_model");
  }

  void read_version() {
    const auto major = fields_.scalar<std::int32_t>("major_ver");
    const auto minor = fields_.scalar<std::int32_t>("minor_ver");
    const auto patch = fields_.scalar<std::int32_t>("patch_ver");
    const auto is_version = [](std::int32_t number) { return number >= 0 && number < 1000; };
    if (!is_version(major) || !is_version(minor) || !is_version(patch)) {
      fields_.fail(0, "this is no model of Treelite: it does not begin with a version");
    } else if (major != treelite::kMajorVersion) {
      fields_.fail(0, "a model of Treelite %d.%d.%d: versions %d.x can be read", major, minor, patch,
                   treelite::kMajorVersion);
    }
  }

  // How many numbers leaves have, and to which outputs trees add them.
  void read_outputs() {
    const std::uint64_t at = fields_.offset();
    forest_.n_targets = fields_.positive("num_target");
    const auto n_classes = fields_.array<std::int32_t>("num_class", {forest_.n_targets});
    if (fields_.failed()) return;
    for (std::size_t i = 0; i < n_classes.size(); ++i) {
      if (n_classes[i] < 1) {
        return fields_.fail(n_classes.offset_of(i), "an element of 'num_class' is %d", n_classes[i]);
      }
      if (forest_.n_targets > 1 && n_classes[i] > 1) {
        return fields_.fail(at, "a model of several targets with several classes each cannot be read");
      }
    }
    const bool is_multi_target = forest_.n_targets > 1;
    forest_.n_outputs = is_multi_target ? forest_.n_targets : static_cast<std::uint32_t>(n_classes[0]);
    if (forest_.task == ForestTask::binary || forest_.task == ForestTask::multiclass) {
      forest_.n_classes = std::max(2U, static_cast<std::uint32_t>(n_classes[0]));
    }

    const auto shape = fields_.array<std::int32_t>("leaf_vector_shape", {2});
    if (fields_.failed()) return;
    const bool is_full = std::cmp_equal(shape[0], forest_.n_targets) && shape[1] == n_classes[0];
    forest_.vector_leaves = is_full && forest_.n_outputs > 1;
    if (!is_full && (shape[0] != 1 || shape[1] != 1)) {
      return fields_.fail(shape.offset_of(0),
                          "'leaf_vector_shape' is %d x %d: leaves must have one number, or all outputs'", shape[0],
                          shape[1]);
    }
    const auto targets = fields_.array<std::int32_t>("target_id", {n_trees_});
    const auto classes = fields_.array<std::int32_t>("class_id", {n_trees_});
    if (fields_.failed()) return;
    is_multi_target ? read_tree_outputs("target_id", targets, "class_id", classes)
                    : read_tree_outputs("class_id", classes, "target_id", targets);
  }

  // `ids`: each tree's output; -1: all.
  void read_tree_outputs(const char* name, const FileArray<std::int32_t>& ids, const char* other_name,
                         const FileArray<std::int32_t>& others) {
    for (std::size_t tree = 0; tree < ids.size(); ++tree) {
      const std::int32_t id = ids[tree];
      if (others[tree] != 0 && others[tree] != -1) {
        return fields_.fail(others.offset_of(tree), "'%s' of tree %zu is %d, but there is only one", other_name, tree,
                            others[tree]);
      }
      const bool adds_to_all = id == -1 && (forest_.vector_leaves || forest_.n_outputs == 1);
      const bool adds_to_one = id >= 0 && std::cmp_less(id, forest_.n_outputs) && !forest_.vector_leaves;
      if (!adds_to_all && !adds_to_one) {
        return fields_.fail(ids.offset_of(tree),
                            "'%s' of tree %zu is %d: that does not fit its leaves, with %u of %u outputs", name, tree,
                            id, forest_.vector_leaves ? forest_.n_outputs : 1U, forest_.n_outputs);
      }
      if (!forest_.vector_leaves) forest_.tree_outputs.push_back(adds_to_one ? static_cast<std::uint32_t>(id) : 0);
    }
  }

  // An output that is a mean over trees needs one.
  void check_means(std::uint64_t at) {
    if (!forest_.average || forest_.vector_leaves || fields_.failed()) return;
    std::vector<bool> has_tree(forest_.n_outputs, false);
    for (const std::uint32_t output : forest_.tree_outputs) has_tree[output] = true;
    const auto without = std::ranges::find(has_tree, false);
    if (without == has_tree.end()) return;
    fields_.fail(at, "output %zu is a mean over trees, but has none",
                 static_cast<std::size_t>(without - has_tree.begin()));
  }

  void read_postprocessor() {
    const std::uint64_t at = fields_.offset();
    const std::string_view name = fields_.text("postprocessor");
    Postprocessor& postprocessor = forest_.postprocessor;
    const std::uint64_t alpha_at = fields_.offset();
    postprocessor.sigmoid_alpha = fields_.scalar<float>("sigmoid_alpha");
    const std::uint64_t ratio_at = fields_.offset();
    postprocessor.ratio_c = fields_.scalar<float>("ratio_c");
    if (fields_.failed()) return;

    const auto known = std::ranges::find(treelite::kPostprocessorNames, name, &treelite::PostprocessorName::name);
    if (known == treelite::kPostprocessorNames.end()) {
      return fields_.fail(at, "'postprocessor' is %s, which is not known", quoted(name).c_str());
    }
    postprocessor.kind = known->kind;
    // Treelite would apply it to the first class only, or by row to each target alone.
    const bool is_multi_target = forest_.n_targets > 1;
    if (forest_.n_outputs > 1 && postprocessor.kind != PostprocessorKind::identity &&
        known->by_row == is_multi_target) {
      return fields_.fail(at, "'postprocessor' %s is not one for several %s", quoted(name).c_str(),
                          is_multi_target ? "targets" : "classes");
    }
    if (postprocessor.kind == PostprocessorKind::sigmoid && !std::isfinite(postprocessor.sigmoid_alpha)) {
      fields_.fail(alpha_at, "'sigmoid_alpha' is not finite");
    }
    if (postprocessor.kind == PostprocessorKind::exponential_standard_ratio &&
        (!std::isfinite(postprocessor.ratio_c) || postprocessor.ratio_c == 0)) {
      fields_.fail(ratio_at, "'ratio_c' is 0 or not finite");
    }
  }

  // A tree's fields that matter.
  struct TreeFields {
    FileArray<std::int8_t> types;
    FileArray<std::int32_t> lefts;
    FileArray<std::int32_t> rights;
    FileArray<std::int32_t> features;
    FileArray<std::uint8_t> default_lefts;
    FileNumbers leaf_values;
    FileNumbers thresholds;
    FileArray<std::int8_t> operators;
    FileNumbers vectors;
    FileArray<std::uint64_t> vector_begins;
    FileArray<std::uint64_t> vector_ends;
    FileArray<std::uint64_t> counts;
    FileArray<std::uint8_t> has_count;
  };

  void read_tree() {
    const std::uint32_t n_nodes = fields_.positive("num_nodes");
    (void)fields_.flag("has_categorical_split");
    const Length any{};
    const Length all{.count = n_nodes};
    const Length all_or_none{.count = n_nodes, .or_none = true};
    TreeFields tree;
    tree.types = fields_.array<std::int8_t>("node_type", all);
    tree.lefts = fields_.array<std::int32_t>("cleft", all);
    tree.rights = fields_.array<std::int32_t>("cright", all);
    tree.features = fields_.array<std::int32_t>("split_index", all);
    tree.default_lefts = fields_.array<std::uint8_t>("default_left", all);
    tree.leaf_values = fields_.numbers("leaf_value", all, is_double_);
    tree.thresholds = fields_.numbers("threshold", all, is_double_);
    tree.operators = fields_.array<std::int8_t>("cmp", all);
    (void)fields_.array<std::uint8_t>("category_list_right_child", all);
    tree.vectors = fields_.numbers("leaf_vector", any, is_double_);
    tree.vector_begins = fields_.array<std::uint64_t>("leaf_vector_begin", all);
    tree.vector_ends = fields_.array<std::uint64_t>("leaf_vector_end", all);
    (void)fields_.array<std::uint32_t>("category_list", any);
    (void)fields_.array<std::uint64_t>("category_list_begin", all);
    (void)fields_.array<std::uint64_t>("category_list_end", all);
    tree.counts = fields_.array<std::uint64_t>("data_count", all_or_none);
    tree.has_count = fields_.array<std::uint8_t>("data_count_present", {tree.counts.size()});
    (void)fields_.array<double>("sum_hess", all_or_none);
    (void)fields_.array<std::uint8_t>("sum_hess_present", all_or_none);
    (void)fields_.array<double>("gain", all_or_none);
    (void)fields_.array<std::uint8_t>("gain_present", all_or_none);
    fields_.skip_optional_fields("num_opt_field_per_tree");
    fields_.skip_optional_fields("num_opt_field_per_node");
    if (!fields_.failed()) add_nodes(tree);
  }

  // Numbers the nodes by depth.
  void add_nodes(const TreeFields& tree) {
    const std::size_t n_nodes = tree.types.size();
    std::vector<std::uint32_t> order = {0};  // new number to old
    order.reserve(n_nodes);
    std::vector<bool> is_reached(n_nodes, false);
    is_reached[0] = true;
    const std::size_t first_value = forest_.leaf_values.size();

    for (std::size_t i = 0; i < order.size() && !fields_.failed(); ++i) {
      const std::uint32_t old = order[i];
      fields_.enter_node(old);
      if (tree.lefts[old] == -1) {
        add_leaf(tree, old, first_value);
        continue;
      }
      const auto left = child(tree.lefts, "cleft", old, is_reached);
      const auto right = child(tree.rights, "cright", old, is_reached);
      add_split(tree, old, static_cast<std::uint32_t>(order.size()), left, right, order);
    }
    fields_.leave_node();
    if (order.size() < n_nodes) {
      fields_.fail(tree.lefts.offset_of(0), "node %zu is no node's child",
                   static_cast<std::size_t>(std::ranges::find(is_reached, false) - is_reached.begin()));
    }
  }

  std::uint32_t child(const FileArray<std::int32_t>& children, const char* field, std::uint32_t node,
                      std::vector<bool>& is_reached) {
    const std::int32_t child = children[node];
    if (child < 0 || std::cmp_greater_equal(child, children.size())) {
      fields_.fail(children.offset_of(node), "'%s' is %d, but the tree has %zu nodes", field, child, children.size());
      return 0;
    }
    const auto number = static_cast<std::uint32_t>(child);
    if (is_reached[number]) {
      fields_.fail(children.offset_of(node), "'%s' is %d, which is the root or another child already", field, child);
    }
    is_reached[number] = true;
    return number;
  }

  // `next`: the left child's new number.
  void add_split(const TreeFields& tree, std::uint32_t old, std::uint32_t next, std::uint32_t left, std::uint32_t right,
                 std::vector<std::uint32_t>& order) {
    const std::int32_t feature = tree.features[old];
    if (tree.types[old] == static_cast<std::int8_t>(NodeType::categorical_test)) {
      return fields_.fail(tree.types.offset_of(old), "a categorical split, of feature %d: such splits cannot be read",
                          feature);
    }
    if (tree.types[old] != static_cast<std::int8_t>(NodeType::numerical_test)) {
      return fields_.fail(tree.types.offset_of(old), "'node_type' is %d, but it has children", int{tree.types[old]});
    }
    if (feature < 0 || std::cmp_greater_equal(feature, forest_.n_features)) {
      return fields_.fail(tree.features.offset_of(old), "'split_index' is %d, but there are %u features", feature,
                          forest_.n_features);
    }
    if (tree.default_lefts[old] > 1) {
      return fields_.fail(tree.default_lefts.offset_of(old), "'default_left' is %u, neither 0 nor 1",
                          unsigned{tree.default_lefts[old]});
    }
    const auto operation = static_cast<Operator>(tree.operators[old]);
    if (operation < Operator::less || operation > Operator::greater_equal) {
      return fields_.fail(tree.operators.offset_of(old), "'cmp' is %d: only <, <=, > and >= (2 to 5) can be read",
                          int{tree.operators[old]});
    }
    if (std::isnan(tree.thresholds[old])) return fields_.fail(tree.thresholds.offset_of(old), "'threshold' is NaN");

    const Comparison comparison = comparison_in_f32(operation, tree.thresholds[old]);
    const bool missing_first = (tree.default_lefts[old] == 1) != comparison.reversed;
    forest_.nodes.push_back({.feature = feature,
                             .threshold = comparison.threshold,
                             .left = next,
                             .missing_child = missing_first ? next : next + 1,
                             .weight = weight(tree, old)});
    order.push_back(comparison.reversed ? right : left);
    order.push_back(comparison.reversed ? left : right);
  }

  void add_leaf(const TreeFields& tree, std::uint32_t old, std::size_t first_value) {
    if (tree.rights[old] != -1 || tree.types[old] != static_cast<std::int8_t>(NodeType::leaf)) {
      return fields_.fail(tree.lefts.offset_of(old), "'cleft' is -1, but it is not a leaf");
    }
    wasi_gpu::forest::Node node{.weight = weight(tree, old)};
    const std::uint64_t begin = tree.vector_begins[old];
    const std::uint64_t end = tree.vector_ends[old];
    const std::uint64_t expected = forest_.vector_leaves ? forest_.n_outputs : 1;
    // A single number can be either.
    const bool is_scalar = begin == end && !forest_.vector_leaves;
    if (!is_scalar && (begin > end || end > tree.vectors.size() || end - begin != expected)) {
      return fields_.fail(tree.vector_begins.offset_of(old),
                          "its leaf vector is from %llu to %llu: it must have %llu numbers, of %zu in 'leaf_vector'",
                          wide(begin), wide(end), wide(expected), tree.vectors.size());
    }
    if (!forest_.vector_leaves) {
      node.threshold =
          is_scalar ? leaf_value(tree.leaf_values, old) : leaf_value(tree.vectors, static_cast<std::size_t>(begin));
    } else if (forest_.leaf_values.size() - first_value + expected > tree.vectors.size()) {
      return fields_.fail(tree.vector_begins.offset_of(old), "leaves share their vectors");
    } else {
      for (auto i = static_cast<std::size_t>(begin); i < end; ++i) {
        forest_.leaf_values.push_back(leaf_value(tree.vectors, i));
      }
    }
    forest_.nodes.push_back(node);
  }

  float leaf_value(const FileNumbers& values, std::size_t i) {
    const auto value = static_cast<float>(values[i]);
    if (!std::isfinite(value)) {
      fields_.fail(values.offset_of(i), "a leaf value is %g, which is not finite in f32", values[i]);
    }
    return value;
  }

  std::uint32_t weight(const TreeFields& tree, std::uint32_t node) {
    if (tree.counts.size() == 0) return 0;
    if (tree.has_count[node] > 1) {
      fields_.fail(tree.has_count.offset_of(node), "'data_count_present' is %u, neither 0 nor 1",
                   unsigned{tree.has_count[node]});
    }
    if (tree.has_count[node] != 1) return 0;
    const std::uint64_t count = tree.counts[node];
    if (count > std::numeric_limits<std::uint32_t>::max()) {
      fields_.fail(tree.counts.offset_of(node), "'data_count' is %llu: at most 2^32 - 1 can be read", wide(count));
    }
    return static_cast<std::uint32_t>(count);
  }

  FieldReader fields_;
  PortableForest forest_;
  std::uint64_t n_trees_ = 0;
  bool is_double_ = false;
};

}  // namespace

Result<PortableForest> read_treelite(std::span<const std::byte> bytes) {
  // Characters may alias anything.
  return ModelReader(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())).read();
}

}  // namespace wasm_ml
