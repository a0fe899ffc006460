#include "forest.hpp"

#include <algorithm>
#include <cmath>

#include "text.hpp"

namespace wasm_ml {
namespace {

Result<std::uint32_t> check_tree(std::size_t tree, std::span<const TreeNode> nodes, std::size_t n_features,
                                 std::vector<std::uint32_t>& levels) {
  const auto bad = [tree](std::size_t node, const std::string& what) {
    return fail(format("tree %zu, node %zu: %s", tree, node, what.c_str()));
  };
  constexpr std::uint32_t kNoParent = 0;
  levels.assign(nodes.size(), kNoParent);  // 1 for the root, so that 0 is free
  levels[0] = 1;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const TreeNode& node = nodes[i];
    if (levels[i] == kNoParent) return bad(i, "no parent");
    if (!std::isfinite(node.threshold)) return bad(i, "its number is not finite");
    if (node.is_leaf()) continue;
    if (node.feature < 0 || static_cast<std::size_t>(node.feature) >= n_features) {
      return bad(i, format("feature %d is out of range, there are %zu", static_cast<int>(node.feature), n_features));
    }
    for (const std::uint32_t child : {node.left, node.right}) {
      if (child >= nodes.size()) {
        return bad(
            i, format("child %lu is outside the tree of %zu nodes", static_cast<unsigned long>(child), nodes.size()));
      }
      if (child <= i) {
        return bad(i, format("child %lu does not come after its parent", static_cast<unsigned long>(child)));
      }
      if (levels[child] != kNoParent) return bad(child, "two parents");
      levels[child] = levels[i] + 1;
    }
  }
  return *std::ranges::max_element(levels) - 1;
}

}  // namespace

std::span<const TreeNode> tree_nodes(const Forest& forest, std::size_t tree) {
  const std::size_t begin = forest.tree_offsets[tree];
  const bool is_last = tree + 1 == forest.tree_offsets.size();
  const std::size_t end = is_last ? forest.nodes.size() : forest.tree_offsets[tree + 1];
  return std::span(forest.nodes).subspan(begin, end - begin);
}

Result<std::uint32_t> check_structure(const Forest& forest) {
  const auto& offsets = forest.tree_offsets;
  if (offsets.empty()) return fail("no trees");
  for (std::size_t tree = 0; tree < offsets.size(); ++tree) {
    const bool begins_right = tree == 0 ? offsets[0] == 0 : offsets[tree] > offsets[tree - 1];
    if (!begins_right || offsets[tree] >= forest.nodes.size()) {
      return fail(format("tree %zu: its first node, %lu, is out of order or outside the %zu nodes", tree,
                         static_cast<unsigned long>(offsets[tree]), forest.nodes.size()));
    }
  }
  std::uint32_t depth = 0;
  std::vector<std::uint32_t> levels;
  for (std::size_t tree = 0; tree < offsets.size(); ++tree) {
    const auto tree_depth = check_tree(tree, tree_nodes(forest, tree), forest.feature_names.size(), levels);
    if (!tree_depth) return std::unexpected(tree_depth.error());
    depth = std::max(depth, *tree_depth);
  }
  return depth;
}

}  // namespace wasm_ml
