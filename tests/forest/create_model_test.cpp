// Forests made elsewhere: what they are as models, and what is wrong with those that cannot be.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "forest/interface.hpp"
#include "forest/reference_predict.hpp"
#include "forest/refusals.hpp"
#include "wasi_gpu/compute.hpp"

namespace gpu_host::forest_test {
namespace {

TEST(CreatedModels, HoldWhatTheyWereMadeOf) {
  Tenant tenant({.threads = 2});
  Session& session = tenant.session();
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(testing::Message() << "case " << seed);
    Dice dice(seed);
    const Forest forest = some_forest(dice, 8, 60);
    const ResourceHandle model = create(tenant, forest);
    const ForestShape shape = must(wasi_gpu::model_shape(session, model));
    EXPECT_EQ(shape.n_trees, forest.n_trees());
    EXPECT_EQ(shape.n_nodes, forest.nodes.size());
    EXPECT_EQ(shape.n_leaves, forest.n_leaves());
    const bool any_weight =
        std::ranges::any_of(forest.nodes, [](const ModelNode& node) { return node.feature < 0 && node.weight != 0; });
    EXPECT_EQ(shape.has_weights, any_weight || forest.leaves == LeafKind::classes);
    EXPECT_FALSE(shape.has_leaf_targets);
    const Forest own = read_back(tenant, model, forest);
    ASSERT_NO_FATAL_FAILURE(expect_same(as_model(forest), own));
    // And again, of what was read: the same.
    const ResourceHandle again = create(tenant, own);
    ASSERT_NO_FATAL_FAILURE(expect_same(own, read_back(tenant, again, own)));
    const Rows rows = some_rows(dice, forest, 20);
    ASSERT_NO_FATAL_FAILURE(expect_predicts(tenant, forest, again, rows));
    EXPECT_TRUE(wasi_gpu::model_drop(session, model));
    EXPECT_TRUE(wasi_gpu::model_drop(session, again));
  }
  EXPECT_EQ(tenant.used(), 0U);
}

TEST(CreatedModels, AreGrownOnesAgain) {
  Tenant tenant({.threads = 2});
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "case " << seed);
    const Case one = case_of(seed);
    const Trees trees = grow(tenant, one);
    Forest forest = grown_forest(trees, static_cast<std::uint32_t>(one.data.columns.size()), one.parameters.n_classes);
    const ResourceHandle model = create(tenant, forest);
    expect_same(trees, trees_of(tenant, model));
    EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
  }
}

// Parts of it, and to any place.
TEST(CreatedModels, AreReadInParts) {
  Tenant tenant;
  Dice dice(11);
  Forest forest;
  forest.leaves = LeafKind::vector;
  forest.n_outputs = 3;
  forest.n_features = 9;
  for (int tree = 0; tree < 4; ++tree) forest.add_tree(some_tree(dice, 9, 31));
  for (std::size_t i = 0; i < forest.n_leaves() * 3; ++i) forest.vectors.push_back(some_number(dice));
  const ResourceHandle model = create(tenant, forest);
  const Forest all = read_back(tenant, model, forest);
  for (const std::uint64_t first : {0U, 1U, 30U, 31U, 63U}) {
    const auto nodes = written<ModelNode>(tenant, 40, [&](BufferId to) {
      return wasi_gpu::model_write_nodes(tenant.session(), model, first, 40, to, 0);
    });
    EXPECT_TRUE(std::ranges::equal(nodes, std::span(all.nodes).subspan(first, 40)));
    const auto values = written<float>(tenant, 3, [&](BufferId to) {
      return wasi_gpu::model_write_leaf_values(tenant.session(), model, first, 1, to, 0);
    });
    EXPECT_TRUE(std::ranges::equal(values, std::span(all.vectors).subspan(first * 3, 3)));
  }
}

// -- what is wrong
// Three trees of 7 nodes: an inner node, two, and four leaves. Only the second is changed.
Forest full_trees(LeafKind leaves) {
  Forest forest;
  forest.n_features = 5;
  forest.leaves = leaves;
  forest.average = leaves == LeafKind::classes;
  forest.n_outputs = leaves == LeafKind::number ? 1 : 2;
  for (int tree = 0; tree < 3; ++tree) {
    std::vector<ModelNode> nodes;
    for (std::uint32_t i = 0; i < 3; ++i) nodes.push_back({4, 0.5F, 2 * i + 1, 2 * i + 2, 0});
    for (int i = 0; i < 4; ++i) nodes.push_back({-1, 0, 0, 0, 5});
    forest.add_tree(nodes);
  }
  if (leaves == LeafKind::classes) forest.classes.assign(24, 1);
  if (leaves == LeafKind::vector) forest.vectors.assign(24, 1);
  return forest;
}

struct WrongForest {
  std::string text;
  std::function<void(Forest& forest, std::span<ModelNode> second)> change;
  LeafKind leaves = LeafKind::number;
};

TEST(CreatedModels, NameTheTreeAndTheNodeThatIsWrong) {
  using enum LeafKind;
  constexpr std::int32_t kLeast32 = std::numeric_limits<std::int32_t>::min();
  const std::vector<WrongForest> wrong{
      {"tree 1, node 2: feature 5 is not one of 5", [](auto&, auto tree) { tree[2].feature = 5; }},
      {"tree 1, node 0: feature 2147483647", [](auto&, auto tree) { tree[0].feature = 0x7fff'ffff; }},
      {"tree 1, node 1: feature -2", [](auto&, auto tree) { tree[1].feature = -2; }},
      {"tree 1, node 6: feature -2147483648", [](auto&, auto tree) { tree[6].feature = kLeast32; }},
      {"tree 1, node 2: the threshold is not a number", [](auto&, auto tree) { tree[2].value = kNan; }},
      {"tree 1, node 0: the threshold is not a number", [](auto&, auto tree) { tree[0].value = -kNan; }},
      // Children: the root, itself, another's, one too far, outside, and none.
      {"tree 1, node 1: the left child is 0", [](auto&, auto tree) { tree[1].left = 0; }},
      {"tree 1, node 1: the left child is 1", [](auto&, auto tree) { tree[1].left = 1; }},
      {"tree 1, node 2: the left child is 3", [](auto&, auto tree) { tree[2].left = 3; }},
      {"tree 1, node 0: the left child is 2", [](auto&, auto tree) { tree[0].left = 2; }},
      {"tree 1, node 2: the left child is 4294967295", [](auto&, auto tree) { tree[2].left = kMost32; }},
      {"tree 1, node 2: the left child is 7", [](auto&, auto tree) { tree[2].left = 7; }},
      {"tree 1, node 3: the left child is 7", [](auto&, auto tree) { tree[3] = {0, 0, 7, 8, 0}; }},
      {"tree 1, node 6: the left child is 0", [](auto&, auto tree) { tree[6].feature = 0; }},
      {"tree 1, node 5: no node before it", [](auto&, auto tree) { tree[2] = {}; }},
      {"tree 1, node 1: no node before it", [](auto&, auto tree) { tree[0] = {}; }},
      {"tree 1, node 0: missing values go to 3", [](auto&, auto tree) { tree[0].missing = 3; }},
      {"tree 1, node 2: missing values go to 0", [](auto&, auto tree) { tree[2].missing = 0; }},
      {"tree 1, node 2: missing values go to 4294967295", [](auto&, auto tree) { tree[2].missing = kMost32; }},
      // Leaves.
      {"tree 1, node 3: the leaf's number is nan", [](auto&, auto tree) { tree[3].value = kNan; }},
      {"tree 1, node 6: the leaf's number is -inf", [](auto&, auto tree) { tree[6].value = -kInfinity; }},
      {"tree 1, node 5: leaf-values: output 1 is inf", [](auto& forest, auto) { forest.vectors[13] = kInfinity; },
       vector},
      {"tree 1, node 3: leaf-values: output 0 is nan", [](auto& forest, auto) { forest.vectors[8] = kNan; }, vector},
      {"tree 1, node 4: leaf-values: the classes weigh 0",
       [](auto& forest, auto) { forest.classes[10] = forest.classes[11] = 0; }, classes},
      {"tree 1, node 6: leaf-values: the classes weigh 4294967296",
       [](auto& forest, auto) { forest.classes[15] = kMost32; }, classes},
      // Weights.
      {"tree 1, node 1: its leaves weigh 4294967300", [](auto&, auto tree) { tree[3].weight = kMost32; }},
      {"tree 1, node 0: its leaves weigh 4294967296",
       [](auto&, auto tree) {
         tree[3].weight = 0x8000'0000;
         tree[5].weight = 0x8000'0000 - 10;
       }},
      {"tree 1, node 2: its leaves weigh 4294967296", [](auto& forest, auto) { forest.classes[12] = kMost32 - 2; },
       classes},
      // The first one.
      {"tree 0, node 6: the leaf's number is inf",
       [](auto& forest, auto tree) {
         forest.nodes[6].value = kInfinity;
         tree[0].feature = 77;
       }},
      {"tree 1, node 1: the threshold",
       [](auto& forest, auto tree) {
         forest.nodes[14].feature = 77;
         tree[5].value = kNan;
         tree[1].value = kNan;
       }},
  };
  Tenant tenant({.threads = 2});
  for (const auto& [text, change, leaves] : wrong) {
    Forest forest = full_trees(leaves);
    change(forest, std::span(forest.nodes).subspan(7, 7));
    EXPECT_TRUE(is_refused(wasi_gpu::model_create(tenant.session(), place(tenant, forest)), "nodes: " + text)) << text;
    EXPECT_EQ(tenant.used(), 0U);
  }
  for (const LeafKind leaves : {number, classes, vector}) {
    EXPECT_TRUE(wasi_gpu::model_create(tenant.session(), place(tenant, full_trees(leaves))));
  }
}

// Random bytes in place of good ones: an error that names where, or a model that can be used.
TEST(CreatedModels, AreGoodOrRefusedWhateverTheirBytes) {
  Tenant tenant({.threads = 2});
  Session& session = tenant.session();
  std::uint32_t n_made = 0;
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(testing::Message() << "case " << seed);
    Dice dice(seed);
    Forest forest = some_forest(dice, 3, 12);
    for (std::uint32_t n = dice.number(1, 4); n > 0; --n) {
      const bool in_nodes = dice.one_in(2) || forest.leaves == LeafKind::number;
      const auto bytes = in_nodes                            ? std::as_writable_bytes(std::span(forest.nodes))
                         : forest.leaves == LeafKind::vector ? std::as_writable_bytes(std::span(forest.vectors))
                                                             : std::as_writable_bytes(std::span(forest.classes));
      bytes[dice.number(0, static_cast<std::uint32_t>(bytes.size() - 1))] = static_cast<std::byte>(dice.number(0, 255));
    }
    const wasi_gpu::ModelParams params = place(tenant, forest);
    const auto model = wasi_gpu::model_create(session, params);
    if (!model) {
      EXPECT_TRUE(is_refused(model, "nodes: tree "));
      EXPECT_EQ(tenant.used(), 0U);
      continue;
    }
    ++n_made;
    const Forest own = read_back(tenant, *model, forest);
    for (ModelNode& node : forest.nodes) {
      if (node.feature < 0) node.left = node.missing = 0;  // which are not looked at
      if (node.feature < 0 && forest.leaves != LeafKind::number) node.value = 0;
    }
    ASSERT_NO_FATAL_FAILURE(expect_same(as_model(forest), own));
    ASSERT_NO_FATAL_FAILURE(expect_predicts(tenant, forest, *model, some_rows(dice, forest, 9)));
    EXPECT_TRUE(wasi_gpu::model_drop(session, *model));
  }
  EXPECT_GT(n_made, 500U);
  EXPECT_LT(n_made, 2500U);
}

// -- what it costs
TEST(CreatedModels, TakeWhatIsLeftOfTheQuotaOrNothing) {
  for (const LeafKind leaves : {LeafKind::number, LeafKind::classes, LeafKind::vector}) {
    const Forest forest = full_trees(leaves);
    std::uint64_t needed = 0;
    for (std::uint64_t quota = 100; needed == 0 && quota < 100'000; quota += 100) {
      Tenant tenant({.memory = quota});
      const auto model = wasi_gpu::model_create(tenant.session(), place(tenant, forest));
      if (model) {
        needed = tenant.used();
        EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), *model));
      } else {
        EXPECT_TRUE(is_refused(model, "", GpuErrorCode::out_of_memory));
      }
      EXPECT_EQ(tenant.used(), 0U);
    }
    EXPECT_GE(needed, 21 * 8U);
    EXPECT_LE(needed, 3000U);
  }
}

// A growth has all that its model needs: where nothing else is left, it still ends.
TEST(GrownModels, TakeNoMoreThanTheirGrowth) {
  constexpr std::uint32_t kTrees = 60;
  for (const std::uint32_t n_classes : {0U, 2U, 256U}) {
    SCOPED_TRACE(testing::Message() << n_classes << " classes");
    Case one;
    Dice dice(1);
    one.data.columns.resize(2);
    for (int row = 0; row < 2000; ++row) {
      for (auto& column : one.data.columns) column.push_back(static_cast<float>(dice.fraction()));
      one.data.targets.push_back(dice.number(0, n_classes == 0 ? 1000 : n_classes - 1));
    }
    one.parameters.n_classes = n_classes;
    one.parameters.n_trees = kTrees;
    one.parameters.n_draws = 2000;
    GrowthParams params = growth_params(one);
    params.leaf_targets = n_classes == 0;
    Tenant tenant({.threads = 2, .memory = std::uint64_t{1} << 30U});
    Session& session = tenant.session();
    const ResourceHandle data = data_set_of(tenant, one);
    const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, params));
    (void)must(wasi_gpu::growth_grow(session, growth, kTrees));
    EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
    const BufferId rest = must(wasi_gpu::buffer_create(session, session.buffers().memory().left() / 8 * 8, {}));
    const std::uint64_t used = tenant.used();
    const ResourceHandle model = must(wasi_gpu::growth_finish(session, growth));
    EXPECT_LT(tenant.used(), used);
    tenant.destroy(rest);
    EXPECT_TRUE(wasi_gpu::growth_drop(session, growth));
    EXPECT_TRUE(wasi_gpu::model_drop(session, model));
    EXPECT_EQ(tenant.used(), 0U);
  }
}

// -- calls that are told to stop
TEST(CreateInterrupts, EndTheMakingOfALargeModel) {
  constexpr std::uint32_t kNodes = 2'000'001;
  Forest forest;
  Dice dice(1);
  forest.add_tree(some_tree(dice, 1, kNodes));
  for (const int after : {-1, 0, 3, 10, 20}) {
    Tenant tenant({.threads = 2});
    const wasi_gpu::ModelParams params = place(tenant, forest);
    if (after < 0) tenant.session().interrupt().request();
    std::thread interrupter([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(after));
      tenant.session().interrupt().request();
    });
    const auto model = wasi_gpu::model_create(tenant.session(), params);
    interrupter.join();
    if (model) {
      EXPECT_GE(after, 0);
      EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), *model));
    }
    EXPECT_EQ(tenant.used(), 0U);
  }
}

}  // namespace
}  // namespace gpu_host::forest_test
