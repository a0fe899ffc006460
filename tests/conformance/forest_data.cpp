#include "conformance/forest_data.hpp"

#include <limits>
#include <utility>

namespace gpu_host::conformance {
namespace {

constexpr std::uint32_t kGarbage = std::numeric_limits<std::uint32_t>::max();

// Appends a subtree and returns its root, counted from `first`.
std::uint32_t grow(Random& random, std::vector<Node>& nodes, std::size_t first, std::uint32_t n_features,
                   std::uint32_t depth) {
  const std::size_t self = nodes.size();
  const auto relative = static_cast<std::uint32_t>(self - first);
  nodes.push_back(leaf(random.uniform(-5, 5)));
  if (depth == 0 || random.below(5) == 0) return relative;
  Node node{static_cast<std::int32_t>(random.below(n_features)), static_cast<float>(random.below(9)) - 4, 0, 0};
  node.left = grow(random, nodes, first, n_features, depth - 1);
  node.right = grow(random, nodes, first, n_features, depth - 1);
  if (random.below(2) == 0) std::swap(node.left, node.right);
  nodes[self] = node;
  return relative;
}

}  // namespace

Node leaf(float value) { return {-1, value, kGarbage, kGarbage - 1}; }

Forest random_forest(Random& random, std::uint32_t n_trees, std::uint32_t n_features, std::uint32_t depth) {
  Forest forest;
  for (std::uint32_t tree = 0; tree < n_trees; ++tree) {
    for (std::uint32_t gap = random.below(3); gap > 0; --gap) {
      forest.nodes.push_back({std::numeric_limits<std::int32_t>::min(), 0, kGarbage, kGarbage});
    }
    forest.offsets.push_back(static_cast<std::uint32_t>(forest.nodes.size()));
    grow(random, forest.nodes, forest.nodes.size(), n_features, depth);
  }
  for (std::uint32_t tree = n_trees; tree > 1; --tree) {
    std::swap(forest.offsets[tree - 1], forest.offsets[random.below(tree)]);
  }
  return forest;
}

std::vector<float> small_samples(Random& random, std::size_t count) {
  std::vector<float> samples(count);
  for (float& sample : samples) {
    const std::uint32_t kind = random.below(20);
    if (kind == 0) {
      sample = std::numeric_limits<float>::quiet_NaN();
    } else if (kind == 1) {
      sample = std::numeric_limits<float>::infinity();
    } else if (kind == 2) {
      sample = -std::numeric_limits<float>::infinity();
    } else {
      sample = static_cast<float>(random.below(17)) / 2 - 4;
    }
  }
  return samples;
}

Forest chain(std::uint32_t edges, float value) {
  Forest forest;
  for (std::uint32_t i = 0; i < edges; ++i) forest.nodes.push_back({0, 0, i + 1, 0});
  forest.nodes.push_back(leaf(value));
  forest.offsets.push_back(0);
  return forest;
}

}  // namespace gpu_host::conformance
