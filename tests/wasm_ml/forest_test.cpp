#include "forest.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "small_forest.hpp"

namespace wasm_ml {
namespace {

std::string structure_error(const Forest& forest) {
  const auto depth = check_structure(forest);
  return depth ? "no error" : depth.error().message;
}

TEST(ForestTest, ARightForestHasItsDepth) {
  EXPECT_EQ(check_structure(small_forest()).value(), 2U);
  Forest leaves = small_forest();
  leaves.nodes = {{.threshold = 1.0F}, {.threshold = 2.0F}};
  leaves.tree_offsets = {0, 1};
  EXPECT_EQ(check_structure(leaves).value(), 0U);
}

TEST(ForestTest, ChildrenComeAfterTheirParentInsideTheTree) {
  Forest forest = small_forest();
  forest.nodes[2].left = 2;
  EXPECT_EQ(structure_error(forest), "tree 0, node 2: child 2 does not come after its parent");
  forest.nodes[2].left = 0;
  EXPECT_EQ(structure_error(forest), "tree 0, node 2: child 0 does not come after its parent");
  forest.nodes[2].left = 5;  // exists, but in the next tree
  EXPECT_EQ(structure_error(forest), "tree 0, node 2: child 5 is outside the tree of 5 nodes");
  forest.nodes[2].left = std::numeric_limits<std::uint32_t>::max();
  EXPECT_EQ(structure_error(forest), "tree 0, node 2: child 4294967295 is outside the tree of 5 nodes");
}

TEST(ForestTest, EachNodeHasOneParent) {
  Forest forest = small_forest();
  forest.nodes[2].left = 4;
  EXPECT_EQ(structure_error(forest), "tree 0, node 4: two parents");
  forest = small_forest();
  forest.nodes[2] = {.feature = -1, .threshold = 1.0F};
  EXPECT_EQ(structure_error(forest), "tree 0, node 3: no parent");
}

TEST(ForestTest, FeaturesExistAndNumbersAreFinite) {
  Forest forest = small_forest();
  forest.nodes[0].feature = 2;
  EXPECT_EQ(structure_error(forest), "tree 0, node 0: feature 2 is out of range, there are 2");
  forest.nodes[0].feature = -2;
  EXPECT_EQ(structure_error(forest), "tree 0, node 0: feature -2 is out of range, there are 2");
  forest = small_forest();
  forest.nodes[5].threshold = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(structure_error(forest), "tree 1, node 0: its number is not finite");
  forest = small_forest();
  forest.nodes[0].threshold = std::numeric_limits<float>::infinity();
  EXPECT_EQ(structure_error(forest), "tree 0, node 0: its number is not finite");
}

TEST(ForestTest, OffsetsAscendFromZero) {
  Forest forest = small_forest();
  forest.tree_offsets = {1, 5};
  EXPECT_EQ(structure_error(forest), "tree 0: its first node, 1, is out of order or outside the 6 nodes");
  forest.tree_offsets = {0, 0};
  EXPECT_EQ(structure_error(forest), "tree 1: its first node, 0, is out of order or outside the 6 nodes");
  forest.tree_offsets = {0, 6};
  EXPECT_EQ(structure_error(forest), "tree 1: its first node, 6, is out of order or outside the 6 nodes");
  forest.tree_offsets = {};
  EXPECT_EQ(structure_error(forest), "no trees");
}

}  // namespace
}  // namespace wasm_ml
