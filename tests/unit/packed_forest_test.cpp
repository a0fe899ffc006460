#include "backend/cpu/packed_forest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace gpu_host::cpu {
namespace {

using forest::kLeaf;
using forest::Node;

// x0 <= 0 ? 1 : 2, a leaf, and what no tree should look like.
constexpr Node kGood[] = {{0, 0.0F, 1, 2}, {kLeaf, 1.0F, 0, 0}, {kLeaf, 2.0F, 0, 0}};
constexpr Node kOneLeaf[] = {{kLeaf, 5.0F, 0, 0}};
constexpr Node kCycle[] = {{0, 0.0F, 0, 1}, {kLeaf, 1.0F, 0, 0}};
constexpr Node kBadFeature[] = {{7, 0.0F, 1, 2}, {kLeaf, 1.0F, 0, 0}, {kLeaf, 2.0F, 0, 0}};
constexpr Node kBadChild[] = {{0, 0.0F, 1, 9}, {kLeaf, 1.0F, 0, 0}, {kLeaf, 2.0F, 0, 0}};

class PackedForestTest : public testing::Test {
 protected:
  // Packs one tree; whether it was taken.
  bool takes(std::span<const Node> tree, std::uint32_t max_depth = 8, std::uint32_t rows = 100) {
    const std::array<std::uint32_t, 1> offsets{0};
    EXPECT_TRUE(forest_.pack(workers_, {rows, 1, 1, max_depth}, tree, offsets));
    return forest_.find(0) != nullptr;
  }
  Workers workers_{nullptr, 1};
  PackedForest forest_;
};

TEST_F(PackedForestTest, TakesSoundTreesAndGivesTheirValues) {
  for (const std::size_t n : {1, 7, 8, 9}) {  // whole groups of lanes, and not
    ASSERT_TRUE(takes(kGood));
    std::vector<float> rows(n, -1.0F);
    rows.back() = 1.0F;
    std::vector<double> sums(n, 10.0);
    forest_.add_values(*forest_.find(0), rows.data(), 1, sums);
    std::vector<double> expected(n, 11.0);
    expected.back() = 12.0;
    EXPECT_EQ(sums, expected);
  }
  ASSERT_TRUE(takes(kOneLeaf));
  std::vector<double> sums(3);
  forest_.add_values(*forest_.find(0), std::array<float, 3>{}.data(), 1, sums);
  EXPECT_EQ(sums, std::vector<double>(3, 5.0));
}

TEST_F(PackedForestTest, LeavesTheOthersToTheCheckedWalk) {
  EXPECT_FALSE(takes(kCycle));
  EXPECT_FALSE(takes(kBadFeature));
  EXPECT_FALSE(takes(kBadChild));
  EXPECT_FALSE(takes(kGood, 0));     // deeper than max-depth
  EXPECT_FALSE(takes(kGood, 8, 1));  // a row does not pay
  EXPECT_TRUE(takes(kGood));
}

TEST_F(PackedForestTest, FindsEachTreeByItsRoot) {
  std::vector<Node> nodes(std::begin(kGood), std::end(kGood));
  nodes.insert(nodes.end(), std::begin(kOneLeaf), std::end(kOneLeaf));
  const std::array<std::uint32_t, 4> offsets{3, 0, 3, 99};  // in any order, repeated, and one that is nowhere
  ASSERT_TRUE(forest_.pack(workers_, {100, 1, 4, 8}, nodes, offsets));
  EXPECT_NE(forest_.find(0), nullptr);
  EXPECT_NE(forest_.find(3), nullptr);
  EXPECT_EQ(forest_.find(1), nullptr);
  EXPECT_EQ(forest_.find(99), nullptr);
}

}  // namespace
}  // namespace gpu_host::cpu
