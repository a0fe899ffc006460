#include "forest/evaluate_tree.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace gpu_host::forest {
namespace {

// x0 <= 1 ? (x1 <= 2 ? 10 : 20) : 30
constexpr std::array<Node, 5> kTree{
    {{0, 1.0F, 1, 2}, {1, 2.0F, 3, 4}, {kLeaf, 30.0F, 0, 0}, {kLeaf, 10.0F, 0, 0}, {kLeaf, 20.0F, 0, 0}}};

constexpr Walk walk(std::array<float, 2> row, std::uint64_t max_edges, std::array<Node, 5> tree = kTree) {
  return evaluate_tree(tree.data(), tree.size(), row.data(), 2, 0, max_edges);
}

TEST(EvaluateTree, FollowsThresholdsAndSendsNaNRight) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(walk({1, 2}, 2).node, 3U);
  EXPECT_EQ(walk({1, 2.5F}, 2).node, 4U);
  EXPECT_EQ(walk({1.5F, 0}, 2).node, 2U);
  EXPECT_EQ(walk({kNan, 0}, 2).node, 2U);
  EXPECT_EQ(walk({0, kNan}, 2).node, 4U);
}

TEST(EvaluateTree, RunsAtCompileTime) { static_assert(walk({0, 0}, 2).end == WalkEnd::leaf); }

TEST(EvaluateTree, StopsAfterItsEdgesAndGoesOn) {
  const Walk stopped = walk({0, 0}, 1);
  EXPECT_EQ(stopped.end, WalkEnd::out_of_edges);
  EXPECT_EQ(stopped.node, 1U);
  EXPECT_EQ(stopped.edges, 1U);
  const std::array<float, 2> row{0, 0};
  const Walk resumed = evaluate_tree(kTree.data(), kTree.size(), row.data(), 2, stopped.node, 1);
  EXPECT_EQ(resumed.end, WalkEnd::leaf);
  EXPECT_EQ(resumed.node, 3U);
}

TEST(EvaluateTree, ALeafNeedsNoEdges) {
  auto tree = kTree;
  tree[0] = {kLeaf, 7, 99, 99};
  EXPECT_EQ(walk({0, 0}, 0, tree).end, WalkEnd::leaf);
}

TEST(EvaluateTree, BoundsFeaturesAndChildren) {
  auto tree = kTree;
  tree[0].feature = 2;
  EXPECT_EQ(walk({0, 0}, 9, tree).end, WalkEnd::bad_feature);
  tree[0].feature = -2;
  EXPECT_EQ(walk({0, 0}, 9, tree).end, WalkEnd::bad_feature);
  tree = kTree;
  tree[0].left = 5;
  EXPECT_EQ(walk({0, 0}, 9, tree).end, WalkEnd::bad_left);
  tree[0].right = UINT32_MAX;
  EXPECT_EQ(walk({9, 0}, 9, tree).end, WalkEnd::bad_right);
}

TEST(StepOrStand, GoesWhereTheWalkGoes) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const auto step = [](std::array<float, 2> row, std::uint32_t at) {
    return step_or_stand(kTree.data(), kTree.size(), row.data(), 2, at);
  };
  EXPECT_EQ(step({1, 0}, 0), 1U);
  EXPECT_EQ(step({2, 0}, 0), 2U);
  EXPECT_EQ(step({kNan, 0}, 0), 2U);
  EXPECT_EQ(step({0, 2}, 1), 3U);
  EXPECT_EQ(step({0, 3}, 1), 4U);
  EXPECT_EQ(step({0, 0}, 3), 3U);  // a leaf
}

TEST(StepOrStand, StandsOnBadNodes) {
  const std::array<float, 1> row{0};
  const auto stands = [&](Node node) { return step_or_stand(&node, 1, row.data(), 1, 0) == 0; };
  EXPECT_TRUE(stands({1, 0, 0, 0}));                                           // no such feature
  EXPECT_TRUE(stands({-2, 0, 0, 0}));                                          // no such feature
  EXPECT_TRUE(stands({0, 0, 1, 0}));                                           // left is outside
  EXPECT_TRUE(stands({0, -1, 0, std::numeric_limits<std::uint32_t>::max()}));  // right is outside
}

}  // namespace
}  // namespace gpu_host::forest
