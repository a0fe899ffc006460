// What a model tells beside its trees: out-of-bag predictions and importances, computed again from the reference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "backend/cpu/forest/bag.hpp"
#include "forest/interface.hpp"
#include "forest/threefry.hpp"

namespace gpu_host::forest_test {
namespace {

namespace reference = forest_reference;

// Which rows a tree drew, by sections 2 and 3 of docs/forest-numerics.md.
std::vector<bool> drawn_rows(const Case& one, std::uint32_t tree) {
  cpu::Workers workers(nullptr, 1);
  const cpu::DataSet data = data_set(one, workers);
  std::vector<bool> drawn(one.n_rows());
  cpu::Poll poll(nullptr);
  for (const cpu::BagRow& row : cpu::draw_bag(data, of_engine(one.parameters), tree, poll)) drawn[row.row] = true;
  return drawn;
}

std::vector<double> out_of_bag(const Case& one, const std::vector<reference::Tree>& trees) {
  const std::size_t per_row = std::max(1U, one.parameters.n_classes);
  std::vector<double> sums(one.n_rows() * per_row);
  std::vector<double> counts(one.n_rows());
  for (std::uint32_t tree = 0; tree < trees.size(); ++tree) {
    const std::vector<bool> drawn = drawn_rows(one, tree);
    for (std::size_t row = 0; row < one.n_rows(); ++row) {
      if (drawn[row]) continue;
      const reference::Node& leaf = trees[tree][reference::leaf_of(trees[tree], one.data.columns, row)];
      ++counts[row];
      for (std::size_t i = 0; i < per_row; ++i) {
        sums[row * per_row + i] += one.parameters.n_classes == 0
                                       ? static_cast<double>(leaf.value)
                                       : static_cast<double>(leaf.sums[i]) / static_cast<double>(leaf.weight);
      }
    }
  }
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] /= counts[i / per_row];
  return sums;
}

std::vector<double> read_out_of_bag(Tenant& tenant, ResourceHandle model, std::size_t n) {
  return written<double>(tenant, n,
                         [&](BufferId to) { return wasi_gpu::model_write_out_of_bag(tenant.session(), model, to, 0); });
}

// Σ s²/W, of the sides less that of the node, of trees that have a split: their mean.
std::vector<double> importances(const Case& one, const std::vector<reference::Tree>& trees) {
  std::vector<double> mean(one.data.columns.size());
  double n_split = 0;
  for (const reference::Tree& tree : trees) {
    const auto squares = [](const reference::Node& node) {
      double sum = 0;
      for (const std::int64_t s : node.sums) sum += static_cast<double>(s) * static_cast<double>(s);
      return sum / node.weight;
    };
    std::vector<double> own(mean.size());
    for (const reference::Node& node : tree) {
      if (node.feature < 0) continue;
      own[static_cast<std::size_t>(node.feature)] +=
          squares(tree[node.left]) + squares(tree[node.left + 1]) - squares(node);
    }
    const double total = std::accumulate(own.begin(), own.end(), 0.0);
    if (tree.size() == 1 || total <= 0) continue;
    ++n_split;
    for (std::size_t i = 0; i < own.size(); ++i) mean[i] += own[i] / total;
  }
  for (double& importance : mean) importance /= std::max(1.0, n_split);
  return mean;
}

class Results : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Results, AreThoseOfTheReference) {
  Tenant tenant({.threads = 2});
  Session& session = tenant.session();
  constexpr std::uint32_t kCases = 30;
  for (std::uint32_t seed = GetParam() * kCases; seed < (GetParam() + 1) * kCases; ++seed) {
    SCOPED_TRACE(testing::Message() << "case " << seed);
    Case one = case_of(seed);
    one.parameters.n_trees += seed % 5 * 4;  // more than are predicted with in one pass
    const bool has_draws = one.parameters.n_draws.has_value();
    const auto trees = reference::grow(one.data, one.parameters);
    const GrowthParams params = growth_params(one, has_draws);
    const ResourceHandle data = data_set_of(tenant, one);
    const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, params));
    EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
    if (seed % 3 == 0) {
      while (!must(wasi_gpu::growth_open_nodes(session, growth, seed % 4 + 1)).empty()) {
        must(wasi_gpu::growth_split_nodes(session, growth, {}));
      }
    }
    EXPECT_EQ(must(wasi_gpu::growth_grow(session, growth, params.n_trees)), params.n_trees);
    const ResourceHandle model = must(wasi_gpu::growth_finish(session, growth));
    if (has_draws) {
      const auto expected = out_of_bag(one, trees);
      const auto own = read_out_of_bag(tenant, model, expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        if (std::isnan(expected[i])) {
          ASSERT_TRUE(std::isnan(own[i])) << i;
        } else {
          ASSERT_EQ(own[i], expected[i]) << i;
        }
      }
    }
    const auto expected = importances(one, trees);
    const auto own = must(wasi_gpu::model_importances(session, model));
    ASSERT_EQ(own.size(), expected.size());
    for (std::size_t i = 0; i < own.size(); ++i) {
      EXPECT_GE(own[i], 0);
      EXPECT_NEAR(own[i], expected[i], 1e-6);
    }
    const double total = std::accumulate(own.begin(), own.end(), 0.0);
    EXPECT_TRUE(total == 0 || std::abs(total - 1) < 1e-12) << total;
    EXPECT_TRUE(wasi_gpu::model_drop(session, model));
    EXPECT_TRUE(wasi_gpu::growth_drop(session, growth));
  }
}

INSTANTIATE_TEST_SUITE_P(Random, Results, testing::Range(0U, 4U));

// Friedman's first function of uniform features, of which five count, and noise.
Case friedman(std::uint32_t n_rows, std::uint32_t seed) {
  Dice dice(seed);
  Case one;
  one.data.columns.resize(10);
  for (std::uint32_t row = 0; row < n_rows; ++row) {
    std::vector<double> x(10);
    for (std::size_t feature = 0; feature < x.size(); ++feature) {
      x[feature] = dice.fraction();
      one.data.columns[feature].push_back(static_cast<float>(x[feature]));
    }
    const double noise = dice.fraction() + dice.fraction() + dice.fraction() - 1.5;
    one.data.targets.push_back(10 * std::sin(3.14159 * x[0] * x[1]) + 20 * (x[2] - 0.5) * (x[2] - 0.5) + 10 * x[3] +
                               5 * x[4] + 2 * noise);
  }
  one.parameters.seed = seed;
  one.parameters.n_trees = 100;
  one.parameters.n_draws = n_rows;
  return one;
}

double r2(std::span<const double> targets, std::span<const double> predictions) {
  const double mean = std::accumulate(targets.begin(), targets.end(), 0.0) / static_cast<double>(targets.size());
  double errors = 0;
  double all = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    errors += (targets[i] - predictions[i]) * (targets[i] - predictions[i]);
    all += (targets[i] - mean) * (targets[i] - mean);
  }
  return 1 - errors / all;
}

std::vector<double> predictions(const Trees& trees, const std::vector<std::vector<float>>& columns) {
  std::vector<double> all(columns[0].size());
  for (std::size_t row = 0; row < all.size(); ++row) {
    for (std::size_t tree = 0; tree < trees.n_trees(); ++tree) {
      const auto nodes = trees.tree(tree);
      const ModelNode* node = nodes.data();
      while (node->feature >= 0) {
        const bool left = columns[static_cast<std::size_t>(node->feature)][row] <= node->value;
        node = &nodes[node->left + (left ? 0 : 1)];
      }
      all[row] += static_cast<double>(node->value) / static_cast<double>(trees.n_trees());
    }
  }
  return all;
}

// What users of forests rely on: rows that trees did not draw are as good as new ones, and features that do not count
// get little.
TEST(Friedman, OutOfBagPredictsNewRowsAndImportancesFindTheFeaturesThatCount) {
  Tenant tenant({.threads = 2});
  Session& session = tenant.session();
  const Case one = friedman(2000, 1);
  const ResourceHandle data = data_set_of(tenant, one);
  const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, growth_params(one, true)));
  EXPECT_EQ(must(wasi_gpu::growth_grow(session, growth, 100)), 100U);
  const ResourceHandle model = must(wasi_gpu::growth_finish(session, growth));
  const double of_out_of_bag = r2(one.data.targets, read_out_of_bag(tenant, model, one.n_rows()));
  const Case fresh = friedman(2000, 2);
  const double of_fresh = r2(fresh.data.targets, predictions(trees_of(tenant, model), fresh.data.columns));
  EXPECT_GT(of_fresh, 0.85);
  EXPECT_NEAR(of_out_of_bag, of_fresh, 0.03);
  const auto importances = must(wasi_gpu::model_importances(session, model));
  EXPECT_GT(*std::min_element(importances.begin(), importances.begin() + 5),
            *std::max_element(importances.begin() + 5, importances.end()));
  EXPECT_EQ(std::ranges::max_element(importances) - importances.begin(), 3);
}

}  // namespace
}  // namespace gpu_host::forest_test
