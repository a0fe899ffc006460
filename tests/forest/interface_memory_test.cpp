// What forests take of an instance's quota: all of it comes back, and too little is an error, or slower, never another
// model.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>

#include "forest/interface.hpp"
#include "wasi_gpu/compute.hpp"

namespace gpu_host::forest_test {
namespace {

Case some_case(std::uint32_t n_classes) {
  Case one;
  Dice dice(4);
  one.data.columns.assign(5, std::vector<float>(1500));
  for (auto& column : one.data.columns) {
    for (float& value : column) value = static_cast<float>(dice.fraction());
  }
  for (std::size_t row = 0; row < 1500; ++row) {
    const double value = static_cast<double>(one.data.columns[0][row]) * 8 + dice.fraction() * 3;
    one.data.targets.push_back(n_classes == 0 ? value : static_cast<double>(static_cast<int>(value) % n_classes));
  }
  one.parameters.n_classes = n_classes;
  one.parameters.seed = 3;
  one.parameters.n_trees = 12;
  one.parameters.n_draws = 1500;
  return one;
}

// What becomes of a case; none of it is dropped but by the tenant.
struct Made {
  ResourceHandle data = 0;
  ResourceHandle growth = 0;
  ResourceHandle model = 0;
};

Made make(Tenant& tenant, const Case& one) {
  Made made;
  made.data = data_set_of(tenant, one);
  made.growth = must(wasi_gpu::growth_start(tenant.session(), made.data, growth_params(one, true)));
  (void)must(wasi_gpu::growth_open_nodes(tenant.session(), made.growth, 3));
  must(wasi_gpu::growth_split_nodes(tenant.session(), made.growth, {}));
  (void)must(wasi_gpu::growth_grow(tenant.session(), made.growth, one.parameters.n_trees));
  made.model = must(wasi_gpu::growth_finish(tenant.session(), made.growth));
  return made;
}

TEST(Memory, ComesBackInWhateverOrderHandlesAreDropped) {
  std::vector<int> order{0, 1, 2};
  do {
    Tenant tenant;
    Session& session = tenant.session();
    const Made made = make(tenant, some_case(3));
    EXPECT_GT(tenant.used(), 0U);
    const std::vector<std::function<bool()>> drops{
        [&] { return wasi_gpu::data_set_drop(session, made.data); },
        [&] { return wasi_gpu::growth_drop(session, made.growth); },
        [&] { return wasi_gpu::model_drop(session, made.model); },
    };
    std::uint64_t used = tenant.used();
    for (const int which : order) {
      EXPECT_TRUE(drops[static_cast<std::size_t>(which)]());
      EXPECT_LE(tenant.used(), used);
      used = tenant.used();
      if (which == 2) continue;
      const bool has_model = std::ranges::find(order, 2) > std::ranges::find(order, which);
      EXPECT_EQ(wasi_gpu::model_shape(session, made.model).has_value(), has_model);
    }
    EXPECT_EQ(tenant.used(), 0U);
  } while (std::ranges::next_permutation(order).found);
}

TEST(Memory, OfAGrowthInAnyStateComesBack) {
  const Case one = some_case(0);
  const std::vector<std::function<void(Session&, ResourceHandle)>> states{
      [](Session&, ResourceHandle) {},
      [](Session& s, ResourceHandle growth) { (void)must(wasi_gpu::growth_grow(s, growth, 3)); },
      [](Session& s, ResourceHandle growth) { (void)must(wasi_gpu::growth_open_nodes(s, growth, 3)); },
      [](Session& s, ResourceHandle growth) {
        (void)must(wasi_gpu::growth_open_nodes(s, growth, 3));
        (void)must(wasi_gpu::growth_best_splits(s, growth));
        must(wasi_gpu::growth_split_nodes(s, growth, {}));
      },
      [](Session& s, ResourceHandle growth) {
        (void)must(wasi_gpu::growth_grow(s, growth, 3));
        (void)must(wasi_gpu::growth_open_nodes(s, growth, 3));
        must(wasi_gpu::growth_split_nodes(s, growth, {}));
        must(wasi_gpu::growth_stop(s, growth));
      },
  };
  for (const auto& reach : states) {
    for (const bool data_first : {true, false}) {
      Tenant tenant({.threads = 2});
      const ResourceHandle data = data_set_of(tenant, one);
      const ResourceHandle growth = must(wasi_gpu::growth_start(tenant.session(), data, growth_params(one, true)));
      if (data_first) {
        EXPECT_TRUE(wasi_gpu::data_set_drop(tenant.session(), data));
        EXPECT_GT(tenant.used(), 0U);  // the growth needs it
      }
      reach(tenant.session(), growth);
      EXPECT_TRUE(wasi_gpu::growth_drop(tenant.session(), growth));
      if (!data_first) {
        EXPECT_TRUE(wasi_gpu::data_set_drop(tenant.session(), data));
      }
      EXPECT_EQ(tenant.used(), 0U);
    }
  }
}

// Ends with a session, whatever is in it.
TEST(Memory, OfASessionIsGivenBackBySessions) {
  for (int i = 0; i < 3; ++i) {
    Tenant tenant({.threads = 2});
    (void)make(tenant, some_case(2));
    (void)must(wasi_gpu::growth_open_nodes(
        tenant.session(), must(wasi_gpu::growth_start(tenant.session(), 1, growth_params(some_case(2)))), 5));
  }
}

bool same_node(const OpenNode& one, const OpenNode& other) {
  return one.tree == other.tree && one.node == other.node && one.rows == other.rows && one.impurity == other.impurity;
}

bool is_out_of_memory(const GpuError& error) { return error.code == GpuErrorCode::out_of_memory; }

// Goes as far as a quota lets it, and checks what is there.
class Quota : public testing::TestWithParam<std::uint32_t> {
 protected:
  // How many trees it grew. `steered` of them at a time, or none.
  std::uint32_t grow_within(const Case& one, const Trees& expected, std::uint64_t quota, std::uint32_t threads,
                            std::uint32_t steered) {
    SCOPED_TRACE(testing::Message() << quota << " bytes, steered " << steered);
    Tenant tenant({.threads = threads, .memory = quota});
    Session& session = tenant.session();
    const auto check = [&](const auto& result) {
      EXPECT_LE(tenant.used(), quota);
      EXPECT_TRUE(result || is_out_of_memory(result.error()));
      return result.has_value();
    };
    const Placed placed = place(tenant, one);
    const auto data = wasi_gpu::data_set_create(session, placed.params);
    if (!check(data)) {
      EXPECT_EQ(tenant.used(), 0U);
      return 0;
    }
    const std::uint64_t with_data = tenant.used();
    const auto growth = wasi_gpu::growth_start(session, *data, growth_params(one, true));
    if (!check(growth)) {
      EXPECT_EQ(tenant.used(), with_data);
      return 0;
    }
    if (steered == 0) {
      const auto grown = wasi_gpu::growth_grow(session, *growth, one.parameters.n_trees);
      if (check(grown)) {
        EXPECT_EQ(*grown, one.parameters.n_trees);
      }
    } else {
      while (true) {
        const auto open = wasi_gpu::growth_open_nodes(session, *growth, steered);
        if (!check(open) || open->empty()) break;
        if (!check(wasi_gpu::growth_best_splits(session, *growth))) break;
        if (check(wasi_gpu::growth_split_nodes(session, *growth, {}))) continue;
        EXPECT_TRUE(std::ranges::equal(must(wasi_gpu::growth_open_nodes(session, *growth, steered)), *open, same_node));
        break;
      }
    }
    const std::uint32_t n_grown = must(wasi_gpu::growth_grow(session, *growth, 0));
    // What was begun is no whole tree; the forest ends with the others.
    const bool is_whole = n_grown == one.parameters.n_trees || steered == 0;
    must(wasi_gpu::growth_stop(session, *growth));
    if (n_grown > 0) {
      const std::uint32_t n_all = must(wasi_gpu::growth_grow(session, *growth, 0));
      EXPECT_TRUE(n_all == n_grown || !is_whole);
      const Trees trees = finish(tenant, *growth).first(n_grown, one.parameters.n_classes);
      expect_same(expected.first(n_grown, one.parameters.n_classes), trees);
    } else {
      EXPECT_TRUE(wasi_gpu::growth_drop(session, *growth));
    }
    EXPECT_EQ(tenant.used(), with_data);
    return n_grown;
  }
};

TEST_P(Quota, IsKeptAndChangesNoModel) {
  const Case one = some_case(GetParam());
  Tenant ample({.threads = 2});
  const Trees expected = grow(ample, one);
  for (const std::uint32_t steered : {0U, 1U, 5U}) {
    std::uint32_t last = 0;
    std::uint32_t n_partial = 0;
    std::uint64_t enough = 0;
    for (std::uint64_t quota = 1000; enough == 0; quota += quota / 12) {
      const std::uint32_t n_grown = grow_within(one, expected, quota, 2, steered);
      if (HasFailure()) return;
      n_partial += n_grown > 0 && n_grown < one.parameters.n_trees ? 1 : 0;
      if (steered == 0) {
        EXPECT_GE(n_grown, last) << quota;  // more memory is never worse
      }
      last = n_grown;
      if (n_grown == one.parameters.n_trees) enough = quota;
      ASSERT_LT(quota, std::uint64_t{1} << 30U);
    }
    EXPECT_GT(n_partial, 0U) << "steps are too coarse to see a forest that fits in part";
    // With a little more, it still is: where one tree at a time was grown there are two.
    for (const std::uint64_t quota : {enough * 5 / 4, enough * 2, enough * 10}) {
      EXPECT_EQ(grow_within(one, expected, quota, 2, steered), one.parameters.n_trees);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Classes, Quota, testing::Values(0U, 2U, 5U));

// Enough for all trees and one grower, or for two: the same model, and so with one thread.
TEST(Memory, ForOneTreeAtATimeGivesTheSameModel) {
  const Case one = some_case(0);
  Tenant ample;
  const Trees expected = grow(ample, one);
  std::vector<std::uint64_t> taken;
  for (const std::uint32_t threads : {1U, 2U}) {
    Tenant tenant({.threads = threads});
    const ResourceHandle growth =
        must(wasi_gpu::growth_start(tenant.session(), data_set_of(tenant, one), growth_params(one)));
    EXPECT_EQ(must(wasi_gpu::growth_grow(tenant.session(), growth, 12)), 12U);
    taken.push_back(tenant.used());
    expect_same(expected, finish(tenant, growth));
  }
  // Its growers, which it keeps as long as it grows, are all that the second thread adds.
  ASSERT_GT(taken[1], taken[0]);
  for (const std::uint64_t quota : {taken[0], (taken[0] + taken[1]) / 2, taken[1] - 1}) {
    Tenant tenant({.threads = 2, .memory = quota + (1 << 24)});
    const ResourceHandle data = data_set_of(tenant, one);
    const BufferId most_of_it = must(wasi_gpu::buffer_create(tenant.session(), 1 << 24, {}));
    const ResourceHandle growth = must(wasi_gpu::growth_start(tenant.session(), data, growth_params(one)));
    EXPECT_EQ(must(wasi_gpu::growth_grow(tenant.session(), growth, 12)), 12U) << quota;
    expect_same(expected, finish(tenant, growth));
    tenant.destroy(most_of_it);
  }
}

// A model that is unpacked, or made of its nodes, on instances of any quota: out of memory, and nothing stays, or the
// same model.
TEST(Memory, OfModelsThatAreNotGrownIsTheQuotas) {
  const Case one = some_case(0);
  Tenant ample;
  const Made made = make(ample, one);
  const Trees trees = trees_of(ample, made.model);
  const std::uint64_t size = must(wasi_gpu::model_packed_size(ample.session(), made.model, {}));
  const auto packed = written<std::byte>(
      ample, size, [&](BufferId to) { return wasi_gpu::model_pack(ample.session(), made.model, {}, to, 0); });
  const std::vector<std::byte> table(1500 * 5 * sizeof(float), std::byte{0x3e});
  const auto predictions = [&](Tenant& tenant, ResourceHandle model) {
    const BufferId rows = tenant.share(table);
    return written<float>(tenant, 1500, [&](BufferId to) {
      return wasi_gpu::model_predict(tenant.session(), model, table_of(rows, 1500, 5), ForestPrediction::outputs, to,
                                     0);
    });
  };
  const auto expected = predictions(ample, made.model);
  for (const bool unpacks : {true, false}) {
    bool is_enough = false;
    for (std::uint64_t quota = 64; !is_enough; quota += quota / 8) {
      SCOPED_TRACE(testing::Message() << quota << (unpacks ? " bytes, unpacked" : " bytes, made of nodes"));
      ASSERT_LT(quota, std::uint64_t{1} << 30U);
      Tenant tenant({.threads = 2, .memory = quota});
      wasi_gpu::ModelParams params;
      params.n_features = 5;
      params.n_outputs = 1;
      params.average = true;
      params.tree_offsets = trees.offsets;
      params.nodes = buffer_of(tenant, trees.nodes);
      const auto model = unpacks ? wasi_gpu::model_unpack(tenant.session(), buffer_of(tenant, packed), 0, size)
                                 : wasi_gpu::model_create(tenant.session(), params);
      is_enough = model.has_value();
      if (!is_enough) {
        EXPECT_TRUE(is_out_of_memory(model.error())) << describe(model.error());
        EXPECT_EQ(tenant.used(), 0U);
        continue;
      }
      EXPECT_LE(tenant.used(), quota);
      EXPECT_EQ(predictions(tenant, *model), expected);
      EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), *model));
      EXPECT_EQ(tenant.used(), 0U);
    }
  }
}

}  // namespace
}  // namespace gpu_host::forest_test
