// Quantiles of models, to the bit, against section 7 of docs/forest-numerics.md: all targets of the leaves in one list.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <vector>

#include "forest/interface.hpp"
#include "forest/reference_predict.hpp"
#include "forest/refusals.hpp"

namespace gpu_host::forest_test {
namespace {

using forest_reference::LeafTarget;

GrowthParams with_leaf_targets(const Case& one) {
  GrowthParams params = growth_params(one);
  params.leaf_targets = true;
  return params;
}

std::vector<float> quantiles(Tenant& tenant, ResourceHandle model, const Rows& rows, const std::vector<double>& of) {
  const BufferId buffer = share_rows(tenant, rows);
  const Table table = table_of(buffer, rows.size(), static_cast<std::uint32_t>(rows.n_features));
  auto made = written<float>(tenant, rows.size() * of.size(), [&](BufferId to) {
    return wasi_gpu::model_quantiles(tenant.session(), model, table, of, to, 0);
  });
  tenant.destroy(buffer);
  return made;
}

float quantile(std::vector<LeafTarget> reached, double of) {
  std::ranges::stable_sort(reached, {}, &LeafTarget::target);
  std::uint64_t all = 0;
  for (const LeafTarget& entry : reached) all += entry.part;
  const auto least = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(of * static_cast<double>(all))));
  std::uint64_t sum = 0;
  for (const auto& [target, part] : reached) {
    sum += part;
    if (sum >= least) return target;
  }
  return kNan;
}

std::vector<float> reference_quantiles(const Case& one, const Rows& rows, const std::vector<double>& of) {
  const auto trees = forest_reference::grow(one.data, one.parameters);
  const auto targets = forest_reference::leaf_targets(one.data, one.parameters, trees);
  const Forest forest = grown_forest(trees_of(trees, 0), static_cast<std::uint32_t>(rows.n_features), 0);
  const std::vector<std::uint32_t> leaves = reference_leaves(forest, rows);
  std::vector<float> all;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::vector<LeafTarget> reached;
    for (std::size_t tree = 0; tree < trees.size(); ++tree) {
      const auto& own = targets[tree][leaves[row * trees.size() + tree]];
      reached.insert(reached.end(), own.begin(), own.end());
    }
    for (const double one_of : of) all.push_back(quantile(reached, one_of));
  }
  return all;
}

class Quantiles : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Quantiles, AreThoseOfAllTargetsInOneList) {
  Tenant one_thread({.threads = 1});
  Tenant two_threads({.threads = 2});
  for (std::uint32_t i = 0; i < 30; ++i) {
    const std::uint32_t seed = GetParam() * 30 + i;
    SCOPED_TRACE(testing::Message() << "case " << seed);
    Dice dice(seed);
    Case one = case_of(seed);
    if (one.parameters.n_classes > 0) continue;
    one.parameters.n_trees = dice.number(1, 12);
    if (dice.one_in(2)) one.parameters.max_depth = dice.number(0, 3);  // leaves of many rows
    std::vector<double> of{0, 1, 0.5, 5e-324, 1 - 0x1p-53};
    for (int n = 0; n < 8; ++n) of.push_back(dice.one_in(2) ? dice.fraction() : dice.number(0, 16) / 16.0);
    for (Tenant* const tenant : {&one_thread, &two_threads}) {
      const ResourceHandle model = grow_model(*tenant, one, with_leaf_targets(one));
      const Forest forest =
          grown_forest(trees_of(*tenant, model), static_cast<std::uint32_t>(one.data.columns.size()), 0);
      const Rows rows = some_rows(dice, forest, dice.one_in(2) ? dice.number(0, 9) : dice.number(10, 70));
      ASSERT_EQ(quantiles(*tenant, model, rows, of), reference_quantiles(one, rows, of));
      EXPECT_TRUE(wasi_gpu::model_drop(tenant->session(), model));
      EXPECT_EQ(tenant->used(), 0U);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Random, Quantiles, testing::Range(0U, 5U));

// -- by hand: one leaf that has all rows
Case one_leaf(const std::vector<double>& targets) {
  Case one;
  one.data.columns = {std::vector<float>(targets.size())};
  one.data.targets = targets;
  one.parameters.max_depth = 0;
  return one;
}

TEST(QuantilesOfOneLeaf, AreItsTargets) {
  Tenant tenant;
  const auto of = [&](const Case& one, const std::vector<double>& which) {
    return quantiles(tenant, grow_model(tenant, one, with_leaf_targets(one)), Rows{1, {0}}, which);
  };
  using Values = std::vector<float>;
  // Of four rows each counts 2^30: a quarter is reached by the first.
  const Case four = one_leaf({7, -1, 3, 1});
  EXPECT_EQ(of(four, {0, 0.25, 0.25000000001, 0.5, 0.75, 0.76, 1}), (Values{-1, -1, 1, 1, 3, 7, 7}));
  // Of three 1431655765: half of 4294967295 is more than one and less than two.
  const Case three = one_leaf({3, 1, 2});
  EXPECT_EQ(of(three, {0.3333333333333333, 0.33333333333333337, 0.5, 0.66666666666, 0.6666666667, 1}),
            (Values{1, 2, 2, 2, 3, 3}));
  EXPECT_EQ(of(one_leaf({5, 5, 5}), {0, 0.1, 1}), (Values{5, 5, 5}));
  EXPECT_EQ(of(one_leaf({-0.0}), {0.5}), Values{0});
  // By weight: 1, 1 and 2 of 4.
  Case weighted = one_leaf({1, 2, 3});
  weighted.data.criterion_weights = {0.5, 0.5, 1};
  EXPECT_EQ(of(weighted, {0.25, 0.26, 0.5, 0.51}), (Values{1, 2, 2, 3}));
}

TEST(QuantilesOfManyRows, AreThoseOfEach) {
  Tenant tenant({.threads = 2});
  Case one = small_case();
  one.parameters.n_trees = 20;
  one.parameters.n_draws = 20;
  one.parameters.min_samples_leaf = 3;
  Dice dice(2);
  const ResourceHandle model = grow_model(tenant, one, with_leaf_targets(one));
  const Rows rows = some_rows(dice, grown_forest(trees_of(tenant, model), 3, 0), 5000);
  const std::vector<double> of{0.05, 0.5, 0.95};
  EXPECT_EQ(quantiles(tenant, model, rows, of), reference_quantiles(one, rows, of));
  EXPECT_TRUE(quantiles(tenant, model, rows, {}).empty());
}

TEST(QuantilesInterrupts, EndThem) {
  for (const int after : {-1, 10}) {
    Tenant tenant({.threads = 2});
    Session& session = tenant.session();
    Case one = small_case();
    one.parameters.n_trees = 200;
    const ResourceHandle model = grow_model(tenant, one, with_leaf_targets(one));
    const BufferId row = buffer_of(tenant, std::vector<float>{0, 0, 0});
    constexpr std::uint32_t kRows = 1'000'000;
    const Table table{kRows, {{row, ElementType::float32, 0, 0, 4, 3}}};
    const std::vector<double> of(100, 0.5);
    const BufferId output = tenant.share(std::vector<std::byte>(std::size_t{kRows} * of.size() * sizeof(float)));
    if (after < 0) session.interrupt().request();
    std::thread interrupter([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(after));
      session.interrupt().request();
    });
    EXPECT_FALSE(wasi_gpu::model_quantiles(session, model, table, of, output, 0));  // it would take minutes
    interrupter.join();
    EXPECT_TRUE(wasi_gpu::model_drop(session, model));
    EXPECT_EQ(tenant.used(), 0U);
  }
}

}  // namespace
}  // namespace gpu_host::forest_test
