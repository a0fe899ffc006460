#include <algorithm>
#include <concepts>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <utility>

#include "treelite.hpp"
#include "treelite_format.hpp"

namespace wasm_ml {
namespace {

using treelite::NodeType;
using treelite::Operator;
using wasi_gpu::forest::Node;

class ByteWriter {
 public:
  explicit ByteWriter(std::size_t n_bytes) { bytes_.reserve(n_bytes); }

  template <class T>
    requires std::is_trivially_copyable_v<T>
  void scalar(T value) {
    std::memcpy(grow(sizeof(T)), &value, sizeof(T));
  }

  // Elements as `element` gives them, of the numbers from 0 on.
  void array(std::size_t n_elements, std::invocable<std::size_t> auto element) {
    using T = std::invoke_result_t<decltype(element), std::size_t>;
    scalar<std::uint64_t>(n_elements);
    std::byte* to = grow(n_elements * sizeof(T));
    for (std::size_t i = 0; i < n_elements; ++i, to += sizeof(T)) {
      const T value = element(i);
      std::memcpy(to, &value, sizeof(T));
    }
  }
  void empty_array() { scalar<std::uint64_t>(0); }
  void text(std::string_view text) {
    scalar<std::uint64_t>(text.size());
    std::memcpy(grow(text.size()), text.data(), text.size());
  }

  [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  // Its inlined code would be most of the writer's.
  [[gnu::noinline]] std::byte* grow(std::size_t n_bytes) {
    const std::size_t end = bytes_.size();
    bytes_.resize(end + n_bytes);
    return bytes_.data() + end;
  }

  std::vector<std::byte> bytes_;
};

std::string_view postprocessor_name(const PortableForest& forest) {
  const bool by_row = forest.n_outputs > 1 && forest.n_targets == 1;
  std::string_view name;
  for (const auto& known : treelite::kPostprocessorNames) {
    if (known.kind == forest.postprocessor.kind && (name.empty() || known.by_row == by_row)) name = known.name;
  }
  return name;
}

void write_header(const PortableForest& forest, ByteWriter& out) {
  const auto n_trees = static_cast<std::size_t>(forest.n_trees());
  const bool is_multi_target = forest.n_targets > 1;
  const auto n_classes = is_multi_target ? 1 : static_cast<std::int32_t>(forest.n_outputs);
  const auto n_targets = static_cast<std::int32_t>(forest.n_targets);
  const auto output = [&](std::size_t tree) {
    if (forest.vector_leaves) return std::int32_t{-1};
    return forest.tree_outputs.empty() ? std::int32_t{0} : static_cast<std::int32_t>(forest.tree_outputs[tree]);
  };
  const auto none = [](std::size_t) { return std::int32_t{0}; };

  // The first version of the format, which all others of 4.x read.
  out.scalar(treelite::kMajorVersion);
  out.scalar<std::int32_t>(0);
  out.scalar<std::int32_t>(0);
  out.scalar(treelite::kFloat64);
  out.scalar(treelite::kFloat64);
  out.scalar<std::uint64_t>(n_trees);
  out.scalar(static_cast<std::int32_t>(forest.n_features));
  out.scalar(forest.task);
  out.scalar(forest.average);
  out.scalar(n_targets);
  out.array(forest.n_targets, [&](std::size_t) { return n_classes; });
  out.array(2, [&](std::size_t i) {
    if (!forest.vector_leaves) return std::int32_t{1};
    return i == 0 ? n_targets : n_classes;
  });
  if (is_multi_target) {
    out.array(n_trees, output);
    out.array(n_trees, none);
  } else {
    out.array(n_trees, none);
    out.array(n_trees, output);
  }
  out.text(postprocessor_name(forest));
  out.scalar(forest.postprocessor.sigmoid_alpha);
  out.scalar(forest.postprocessor.ratio_c);
  out.array(forest.n_outputs, [&](std::size_t i) { return forest.base.empty() ? 0.0 : forest.base[i]; });
  out.text("{}");  // attributes, in JSON
  out.scalar<std::int32_t>(0);
}

// `vectors`: of its leaves, in the order of their nodes.
void write_tree(const PortableForest& forest, std::span<const Node> nodes, std::span<const float> vectors,
                ByteWriter& out) {
  const std::size_t n_nodes = nodes.size();
  const auto array = [&](auto of_node) { out.array(n_nodes, [&](std::size_t i) { return of_node(nodes[i]); }); };
  const auto zeros = [&]<class T>(T zero) { out.array(n_nodes, [&](std::size_t) { return zero; }); };

  out.scalar(static_cast<std::int32_t>(n_nodes));
  out.scalar(false);  // has_categorical_split
  array([](const Node& node) { return node.is_leaf() ? NodeType::leaf : NodeType::numerical_test; });
  array([](const Node& node) { return node.is_leaf() ? -1 : static_cast<std::int32_t>(node.left); });
  array([](const Node& node) { return node.is_leaf() ? -1 : static_cast<std::int32_t>(node.left + 1); });
  array([](const Node& node) { return node.feature; });
  array([](const Node& node) { return !node.is_leaf() && node.missing_child == node.left; });
  array([](const Node& node) { return node.is_leaf() ? static_cast<double>(node.threshold) : 0.0; });
  array([](const Node& node) { return node.is_leaf() ? 0.0 : static_cast<double>(node.threshold); });
  array([](const Node& node) { return node.is_leaf() ? Operator::none : Operator::less_equal; });
  zeros(false);  // category_list_right_child

  out.array(vectors.size(), [&](std::size_t i) { return static_cast<double>(vectors[i]); });
  const std::uint64_t leaf_size = forest.vector_leaves ? forest.n_outputs : 0;
  std::uint64_t begin = 0;
  array([&](const Node& node) { return node.is_leaf() ? std::exchange(begin, begin + leaf_size) : begin; });
  std::uint64_t end = 0;
  array([&](const Node& node) { return node.is_leaf() ? end += leaf_size : end; });

  out.empty_array();  // category_list
  zeros(std::uint64_t{0});
  zeros(std::uint64_t{0});

  if (std::ranges::any_of(nodes, [](const Node& node) { return node.weight != 0; })) {
    const auto has_weight = [](const Node& node) { return node.weight != 0; };
    array([](const Node& node) { return std::uint64_t{node.weight}; });  // data_count
    array(has_weight);
    array([](const Node& node) { return static_cast<double>(node.weight); });  // sum_hess
    array(has_weight);
  } else {
    for (int i = 0; i < 4; ++i) out.empty_array();
  }
  out.empty_array();  // gain
  out.empty_array();
  out.scalar<std::int32_t>(0);
  out.scalar<std::int32_t>(0);
}

}  // namespace

std::vector<std::byte> write_treelite(const PortableForest& forest) {
  constexpr std::size_t kNodeBytes = 82;
  constexpr std::size_t kTreeBytes = 201;
  constexpr std::size_t kHeaderBytes = 256;
  const auto n_trees = static_cast<std::size_t>(forest.n_trees());
  ByteWriter out(kHeaderBytes + 12 * std::size_t{forest.n_outputs} + kTreeBytes * n_trees +
                 kNodeBytes * forest.nodes.size() + sizeof(double) * forest.leaf_values.size());
  write_header(forest, out);
  std::span<const float> vectors = forest.leaf_values;
  for (std::size_t tree = 0; tree < n_trees; ++tree) {
    const auto first = static_cast<std::size_t>(forest.tree_offsets[tree]);
    const auto last = static_cast<std::size_t>(forest.tree_offsets[tree + 1]);
    const auto nodes = std::span(forest.nodes).subspan(first, last - first);
    std::size_t n_values = 0;
    if (forest.vector_leaves)
      n_values = static_cast<std::size_t>(std::ranges::count_if(nodes, &Node::is_leaf)) * forest.n_outputs;
    write_tree(forest, nodes, vectors.first(n_values), out);
    vectors = vectors.subspan(n_values);
  }
  return out.take();
}

}  // namespace wasm_ml
