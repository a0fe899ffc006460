// Batches of rows that go down small trees together (src/backend/cpu/forest/ranked_trees.hpp): they reach what section
// 7 of docs/forest-numerics.md says, as rows that walk do.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "backend/cpu/forest/rank_loops.hpp"
#include "forest/interface.hpp"
#include "forest/reference_predict.hpp"

namespace gpu_host::forest_test {
namespace {

// The first batch walks, or does not, as it likes; whether a later one is ranked shows in what the model takes.
void expect_batches(Tenant& tenant, const Forest& forest, const Rows& rows, bool are_ranked) {
  const ResourceHandle model = create(tenant, forest);
  const std::uint64_t walking = tenant.used();
  for (int batch = 0; batch < 3; ++batch) {
    SCOPED_TRACE(testing::Message() << "batch " << batch);
    ASSERT_NO_FATAL_FAILURE(expect_predicts(tenant, forest, model, rows));
  }
  if (cpu::rank_loops().lanes >= 8) {
    EXPECT_EQ(tenant.used() > walking, are_ranked);
  }
  // Fewer rows than leaves walk again.
  Rows few{.n_features = rows.n_features};
  few.values.assign(rows.values.begin(), rows.values.begin() + static_cast<std::ptrdiff_t>(9 * rows.n_features));
  ASSERT_NO_FATAL_FAILURE(expect_predicts(tenant, forest, model, few));
  EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
  EXPECT_EQ(tenant.used(), 0U);
}

// So many leaves that every one can be told from the others.
Forest numbered(Forest forest) {
  float number = 0;
  for (ModelNode& node : forest.nodes) {
    if (node.feature < 0) node.value = number++;
  }
  return forest;
}

class SmallTrees : public testing::TestWithParam<std::uint32_t> {
 protected:
  Tenant tenant_{{.threads = GetParam()}};
};

TEST_P(SmallTrees, AreOfAnyShape) {
  constexpr std::uint32_t kMostNodes = 511;
  for (std::uint32_t number = 0; number < 40; ++number) {
    SCOPED_TRACE(testing::Message() << "case " << number);
    Dice dice(number);
    Forest forest;
    forest.n_features = dice.number(1, 9);
    const std::uint32_t n_trees = forest.n_features + dice.number(0, 5);
    const std::uint32_t most = dice.one_in(3) ? 7 : kMostNodes;
    for (std::uint32_t tree = 0; tree < n_trees; ++tree) {
      const std::uint32_t n_nodes = dice.one_in(4) ? most : 2 * dice.number(0, most / 2) + 1;
      forest.add_tree(some_tree(dice, forest.n_features, n_nodes, dice.one_in(4) ? Growth::chain : Growth::anywhere));
    }
    // Blocks of 512 rows, whole ones and others.
    const std::uint32_t n_rows = dice.one_in(3) ? 1024 * GetParam() : dice.number(900, 2100);
    ASSERT_NO_FATAL_FAILURE(expect_batches(tenant_, numbered(forest), some_rows(dice, forest, n_rows), true));
  }
}

TEST_P(SmallTrees, SayOutputsOfAnyKind) {
  for (std::uint32_t number = 0; number < 40; ++number) {
    SCOPED_TRACE(testing::Message() << "case " << number);
    Dice dice(number);
    const Forest forest = some_forest(dice, 30, 100);
    const bool are_ranked = forest.n_features <= forest.n_trees();
    ASSERT_NO_FATAL_FAILURE(expect_batches(tenant_, forest, some_rows(dice, forest, 700), are_ranked));
  }
}

// Trees of 255 thresholds each, all of them different and of one feature.
Forest with_thresholds(std::uint32_t n_trees) {
  Forest forest;
  float threshold = -1000;
  for (std::uint32_t tree = 0; tree < n_trees; ++tree) {
    Dice dice(tree);
    std::vector<ModelNode> nodes = some_tree(dice, 1, 511);
    for (ModelNode& node : nodes) {
      if (node.feature >= 0) node.value = threshold += 0.5F;
    }
    forest.add_tree(nodes);
  }
  return numbered(forest);
}

TEST_P(SmallTrees, AreRankedUnlessAFeatureHasTooManyThresholds) {
  Dice dice(1);
  for (const std::uint32_t n_trees : {257U, 258U}) {  // 65 535 thresholds, and more
    const Forest forest = with_thresholds(n_trees);
    ASSERT_NO_FATAL_FAILURE(expect_batches(tenant_, forest, some_rows(dice, forest, 1000), n_trees == 257));
  }
}

// They take a sixteenth of what is left at most.
TEST_P(SmallTrees, WalkWhereLittleMemoryIsLeft) {
  Dice dice(1);
  const Forest forest = with_thresholds(20);
  const Rows rows = some_rows(dice, forest, 1000);
  const ResourceHandle model = create(tenant_, forest);
  const std::uint64_t walking = tenant_.used();
  ASSERT_NO_FATAL_FAILURE(expect_predicts(tenant_, forest, model, rows));
  const std::uint64_t more = tenant_.used() - walking;
  if (more == 0) GTEST_SKIP() << "this machine has no vectors of 8 ranks";
  for (const std::uint64_t memory : {walking + 16 * more - 1, walking + 16 * more}) {
    Tenant tenant({.threads = GetParam(), .memory = memory});
    const ResourceHandle tight = create(tenant, forest);
    ASSERT_NO_FATAL_FAILURE(expect_predicts(tenant, forest, tight, rows));
    EXPECT_EQ(tenant.used(), memory == walking + 16 * more ? walking + more : walking);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, SmallTrees, testing::Values(1U, 2U));

}  // namespace
}  // namespace gpu_host::forest_test
