#include "fuzz/forest_tenant.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "backend/registry.hpp"

namespace gpu_host::fuzz {
namespace {

struct Node {
  std::int32_t feature;
  float value;
  std::uint32_t left;
  std::uint32_t missing;
  std::uint32_t weight;
};
static_assert(sizeof(Node) == sizeof(ForestNode));

Limits limits(std::uint64_t quota) {
  Limits limits;
  limits.gpu_memory = quota;
  return limits;
}

SessionOptions one_thread() {
  SessionOptions options;
  options.threads = 1;
  return options;
}

}  // namespace

Tenant::Tenant(std::uint64_t quota)
    : session_([] { return open_device({.backend = "cpu"}); }, limits(quota), one_thread()) {
  std::vector<std::byte> bytes(kBytes);
  for (std::size_t i = 0; i < kBytes / sizeof(float); ++i) {
    const float value = i % 61 == 60 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(i * 37 % 101);
    std::memcpy(&bytes[i * sizeof(value)], &value, sizeof(value));
  }
  add(bytes);
  for (std::size_t i = 0; i < kBytes; ++i) bytes[i] = static_cast<std::byte>(i * i * 7 % 251);
  add(bytes);
}

Trees Tenant::trees_of(wasi_gpu::ResourceHandle model) {
  const auto shape = wasi_gpu::model_shape(session_, model);
  check(shape.has_value(), "no shape");
  const auto offsets = wasi_gpu::model_tree_offsets(session_, model);
  check(offsets.has_value(), "no offsets");
  const auto nodes = written(shape->n_nodes * sizeof(ForestNode), [&](BufferId to) {
    return wasi_gpu::model_write_nodes(session_, model, 0, shape->n_nodes, to, 0);
  });
  if (!has_values(*shape)) return {*offsets, nodes, {}};
  return {*offsets, nodes, written(shape->n_leaves * leaf_bytes(*shape), [&](BufferId to) {
            return wasi_gpu::model_write_leaf_values(session_, model, 0, shape->n_leaves, to, 0);
          })};
}

void Tenant::add(std::span<const std::byte> bytes) {
  const auto buffer = wasi_gpu::buffer_create(session_, bytes.size(), {});
  check(buffer && wasi_gpu::buffer_write(session_, *buffer, 0, bytes), "no buffer for input");
}

bool has_values(const ForestShape& shape) {
  return shape.leaves == LeafKind::vector || (shape.leaves == LeafKind::classes && shape.has_weights);
}

void check_trees(const Trees& trees, const ForestShape& shape) {
  check(trees.offsets.size() == shape.n_trees + std::size_t{1} && trees.offsets.back() == shape.n_nodes,
        "offsets do not end with the nodes");
  std::vector<Node> nodes(shape.n_nodes);
  if (!nodes.empty()) std::memcpy(nodes.data(), trees.nodes.data(), trees.nodes.size());
  std::uint64_t n_leaves = 0;
  for (std::uint32_t tree = 0; tree < shape.n_trees; ++tree) {
    const std::span own = std::span(nodes).subspan(trees.offsets[tree], trees.offsets[tree + 1] - trees.offsets[tree]);
    std::uint32_t next = 1;
    for (const Node& node : own) {
      if (node.feature == -1) {
        check(node.left == 0 && node.missing == 0, "a leaf has children");
        check(std::isfinite(node.value), "a leaf's value is not finite");
        ++n_leaves;
        continue;
      }
      check(node.feature >= 0 && static_cast<std::uint32_t>(node.feature) < shape.n_features, "no such feature");
      check(!std::isnan(node.value), "a threshold is not a number");
      check(node.left == next && node.left + 1 < own.size(), "children are not in order");
      check(node.missing == node.left || node.missing == node.left + 1, "missing values go nowhere");
      check(own[node.left].weight > 0 && own[node.left + 1].weight > 0, "a side is empty");
      check(own[node.left].weight + own[node.left + 1].weight == node.weight, "the sides do not make the node");
      next += 2;
    }
    check(next == own.size(), "nodes that are nobody's children");
  }
  check(n_leaves == shape.n_leaves, "leaves are not counted well");
}

}  // namespace gpu_host::fuzz
