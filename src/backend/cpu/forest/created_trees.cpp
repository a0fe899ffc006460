#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "backend/cpu/cpu_buffer.hpp"
#include "backend/cpu/forest/first_problem.hpp"
#include "backend/cpu/forest/model_trees.hpp"
#include "forest/packed_model.hpp"

namespace gpu_host::cpu {
namespace {

const std::byte* bytes_of(const Buffer& buffer, std::uint64_t offset) {
  return static_cast<const CpuBuffer&>(buffer).bytes() + offset;
}

template <class T>
T load(const std::byte* from, std::uint64_t at) {
  T value;
  std::memcpy(&value, from + at * sizeof(T), sizeof(T));
  return value;
}

// A tree of a forest that was made elsewhere.
class CreatedTree {
 public:
  CreatedTree(const ForestModelParams& params, ModelTrees& to, std::size_t tree, Magnitudes& magnitudes)
      : params_(params),
        to_(to),
        magnitudes_(magnitudes),
        tree_(tree),
        nodes_(bytes_of(*params.nodes, params.nodes_offset)),
        leaf_values_(params.leaf_values == nullptr ? nullptr
                                                   : bytes_of(*params.leaf_values, params.leaf_values_offset)) {}

  // What is wrong with it, or nothing; in part where the poll says to stop.
  template <class Nodes>
  std::string read(const Nodes& nodes, Poll& poll) {
    const std::uint64_t first = to_.shape.offsets[tree_];
    const auto n_nodes = static_cast<std::uint32_t>(to_.shape.offsets[tree_ + 1] - first);
    std::uint64_t leaf = to_.shape.first_leaf(tree_);
    std::uint32_t child = 1;
    for (std::uint32_t i = 0; i < n_nodes; ++i) {
      if (poll.stop(to_.shape.tree_numbers())) return {};
      const auto node = load<ForestNode>(nodes_, first + i);
      if (i >= child) return problem(i, "no node before it is its parent");
      std::string wrong =
          node.feature >= 0 ? inner(nodes, first, i, node, child, n_nodes) : this->leaf(nodes, first, i, node, leaf++);
      if (!wrong.empty()) return wrong;
    }
    if (weight_ > kMostWeight) {
      const auto weights = node_weights(to_, tree_, poll);
      if (!weights) {
        const auto [node, weight] = weights.error();
        return problem(node, fmt::format("its leaves weigh {}, more than 2^32 - 1", weight));
      }
    }
    return {};
  }

 private:
  [[nodiscard]] std::string problem(std::uint32_t node, const std::string& what) const {
    return fmt::format("nodes: tree {}, node {}: {}", tree_, node, what);
  }

  template <class Nodes>
  std::string inner(const Nodes& nodes, std::uint64_t first, std::uint32_t i, const ForestNode& node,
                    std::uint32_t& child, std::uint32_t n_nodes) {
    const auto feature = static_cast<std::uint32_t>(node.feature);
    if (feature >= params_.n_features) {
      return problem(i, fmt::format("feature {} is not one of {}", feature, params_.n_features));
    }
    if (std::isnan(node.value)) return problem(i, "the threshold is not a number");
    if (node.left != child || child + 1 >= n_nodes) {
      return problem(i, fmt::format("the left child is {}; by depth and from left to right it is {} of {}", node.left,
                                    child, n_nodes));
    }
    if (node.missing != node.left && node.missing != node.left + 1) {
      return problem(i, fmt::format("missing values go to {}, which is no child", node.missing));
    }
    nodes.set(first + i, {ordered_bits(node.value), feature, node.left, node.missing == node.left});
    child += 2;
    return {};
  }

  template <class Nodes>
  std::string leaf(const Nodes& nodes, std::uint64_t first, std::uint32_t i, const ForestNode& node,
                   std::uint64_t leaf) {
    if (node.feature != -1) return problem(i, fmt::format("feature {} is below -1", node.feature));
    const std::uint32_t n_outputs = params_.n_outputs;
    auto value = static_cast<std::uint32_t>(leaf);
    std::uint64_t weight = node.weight;
    if (params_.leaves == LeafKind::number) {
      if (!std::isfinite(node.value)) return problem(i, fmt::format("the leaf's number is {}", node.value));
      value = std::bit_cast<std::uint32_t>(node.value);
      magnitudes_.add(node.value);
    } else if (params_.leaves == LeafKind::vector) {
      for (std::uint64_t k = leaf * n_outputs; k < (leaf + 1) * n_outputs; ++k) {
        const auto number = load<float>(leaf_values_, k);
        if (!std::isfinite(number)) {
          return problem(i, fmt::format("leaf-values: output {} is {}", k - leaf * n_outputs, number));
        }
        to_.leaf_values[k] = number;
        magnitudes_.add(number);
      }
    } else {
      std::uint64_t sum = 0;
      for (std::uint64_t k = leaf * n_outputs; k < (leaf + 1) * n_outputs; ++k) {
        sum += to_.leaf_classes[k] = load<std::uint32_t>(leaf_values_, k);
      }
      if (sum == 0 || sum > kMostWeight) {
        return problem(i, fmt::format("leaf-values: the classes weigh {}, not 1 to 2^32 - 1", sum));
      }
      weight = sum;
      if (n_outputs == 2) {
        value = std::bit_cast<std::uint32_t>(probability(to_.leaf_classes[leaf * 2 + 1], sum));
      } else {
        for (std::uint64_t k = leaf * n_outputs; k < (leaf + 1) * n_outputs; ++k) {
          to_.leaf_values[k] = probability(to_.leaf_classes[k], sum);
        }
      }
    }
    if (to_.shape.weight_bytes != 0) to_.leaf_weights.set(leaf, node.weight);
    weight_ += weight;
    nodes.set(first + i, {value, params_.n_features, i, false});
    return {};
  }

  const ForestModelParams& params_;
  ModelTrees& to_;
  Magnitudes& magnitudes_;
  std::size_t tree_;
  const std::byte* nodes_;
  const std::byte* leaf_values_;
  std::uint64_t weight_ = 0;  // of its leaves so far
};

std::uint32_t most_leaf_weight(const ForestModelParams& params, Poll poll) {
  const std::byte* const nodes = bytes_of(*params.nodes, params.nodes_offset);
  std::uint32_t most = 0;
  for (std::uint64_t at = 0; at < params.tree_offsets.back() && !poll.stop(); ++at) {
    const auto node = load<ForestNode>(nodes, at);
    if (node.feature < 0) most = std::max(most, node.weight);
  }
  return most;
}

}  // namespace

GpuResult<ModelTrees> created_trees(const ForestModelParams& params, MemoryCharge& charge, Workers& workers) {
  const bool is_classes = params.leaves == LeafKind::classes;
  const std::uint32_t most = is_classes ? 0 : most_leaf_weight(params, workers.poll());
  if (workers.stop()) return interrupted();
  TreesShape shape{.n_features = params.n_features,
                   .leaves = params.leaves,
                   .n_outputs = params.n_outputs,
                   .average = params.average,
                   .has_weights = is_classes || most > 0,
                   .weight_bytes = most == 0 ? std::uint8_t{0} : forest::bytes_for(most),
                   .offsets = params.tree_offsets};
  if (auto taken = charge.set(ModelTrees::bytes(shape)); !taken) return std::unexpected(std::move(taken.error()));
  ModelTrees trees(std::move(shape));
  trees.base = params.base;
  trees.tree_outputs = params.tree_outputs;
  FirstProblem problem;
  std::vector<Magnitudes> magnitudes(trees.shape.n_trees());
  const bool done = workers.for_each(trees.shape.n_trees(), [&](std::size_t tree) {
    Poll poll = workers.poll();
    std::string wrong = trees.nodes.visit(
        [&](const auto& nodes) { return CreatedTree(params, trees, tree, magnitudes[tree]).read(nodes, poll); });
    if (!wrong.empty()) problem.add(tree, std::move(wrong));
  });
  if (!done) return interrupted();
  if (problem.any()) return gpu_error(GpuErrorCode::invalid_params, problem.text());
  put_on_grid(trees, magnitudes, workers);
  if (workers.stop()) return interrupted();
  return trees;
}

}  // namespace gpu_host::cpu
