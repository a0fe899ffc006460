#include <algorithm>
#include <array>
#include <string>

#include "backend/cpu/kernels.hpp"
#include "forest/evaluate_tree.hpp"

namespace gpu_host::cpu {
namespace {

using forest::Node;
using forest::Walk;
using forest::WalkEnd;

// Rows that go through one tree before the next tree's turn: its nodes are then
// in the cache.
constexpr std::size_t kRowBlock = 64;

std::string bad_value(const std::string& name, std::int64_t value, const std::string& what, std::uint64_t bound) {
  return name + " = " + std::to_string(value) + " is not " + what + ": there are " + std::to_string(bound);
}

// A walk that found no leaf, as an error.
std::unexpected<GpuError> no_leaf(const BatchPredictParams& params, std::span<const Node> nodes, std::uint64_t root,
                                  const Walk& walk) {
  const std::uint64_t position = root + walk.node;
  const Node& node = nodes[position];
  const std::string name = "tree-nodes[" + std::to_string(position) + "]";
  const std::string a_node = "a node of the tree that starts at " + std::to_string(root);
  const std::uint64_t n_nodes = nodes.size() - root;
  std::string message;
  switch (walk.end) {
    case WalkEnd::bad_feature:
      message = bad_value(name + ".feature", node.feature, "a feature", params.n_features);
      break;
    case WalkEnd::bad_left:
      message = bad_value(name + ".left", node.left, a_node, n_nodes);
      break;
    case WalkEnd::bad_right:
      message = bad_value(name + ".right", node.right, a_node, n_nodes);
      break;
    case WalkEnd::leaf:
    case WalkEnd::out_of_edges:
      message = "the tree that starts at tree-nodes[" + std::to_string(root) +
                "] reaches no leaf within max-depth = " + std::to_string(params.max_depth) +
                " edges: a row stands at " + name;
  }
  return gpu_error(GpuErrorCode::kernel_error, std::move(message));
}

// The value of the leaf that `row` reaches. Walks in stretches, to poll between.
GpuResult<float> leaf_value(Poll& poll, const BatchPredictParams& params, std::span<const Node> nodes,
                            std::uint64_t root, const float* row) {
  Walk walk{WalkEnd::out_of_edges, 0, 0};
  // A walk of more edges than there are nodes is in a cycle: it never ends.
  std::uint64_t edges_left = std::min<std::uint64_t>(params.max_depth, nodes.size() - root);
  do {
    const std::uint64_t stretch = std::min(edges_left, kPollWork);
    walk = forest::evaluate_tree(&nodes[root], nodes.size() - root, row, params.n_features, walk.node, stretch);
    edges_left -= stretch;
    if (poll.stop(walk.edges + 1)) return interrupted();
  } while (walk.end == WalkEnd::out_of_edges && edges_left > 0);
  if (walk.end != WalkEnd::leaf) return no_leaf(params, nodes, root, walk);
  return nodes[root + walk.node].threshold;
}

}  // namespace

GpuResult<void> batch_predict(Poll poll, const BatchPredictParams& params, std::span<const float> samples,
                              std::span<const Node> tree_nodes, std::span<const std::uint32_t> tree_offsets,
                              std::span<float> output) {
  const std::size_t n_rows = params.batch_size;
  const std::size_t n_features = params.n_features;
  for (std::size_t begin = 0; begin < n_rows; begin += kRowBlock) {
    const std::size_t size = std::min(kRowBlock, n_rows - begin);
    std::array<double, kRowBlock> sums{};
    for (std::size_t tree = 0; tree < params.n_trees; ++tree) {
      const std::uint64_t root = tree_offsets[tree];
      if (root >= tree_nodes.size()) {
        return gpu_error(GpuErrorCode::kernel_error,
                         bad_value("tree-offsets[" + std::to_string(tree) + "]", static_cast<std::int64_t>(root),
                                   "a node", tree_nodes.size()));
      }
      for (std::size_t i = 0; i < size; ++i) {
        const auto value = leaf_value(poll, params, tree_nodes, root, samples.data() + (begin + i) * n_features);
        if (!value) return std::unexpected(value.error());
        sums[i] += *value;
      }
    }
    for (std::size_t i = 0; i < size; ++i) {
      output[begin + i] = static_cast<float>(sums[i] / static_cast<double>(params.n_trees));
    }
  }
  return {};
}

}  // namespace gpu_host::cpu
