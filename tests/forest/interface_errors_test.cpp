// Bad input: a clear error that names what is wrong, and nothing is kept of it. And odd input that is none.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "forest/interface.hpp"
#include "forest/refusals.hpp"
#include "wasi_gpu/compute.hpp"

namespace gpu_host::forest_test {
namespace {

// -- data sets ---------------------------------------------------------------------

struct BadData {
  std::string text;
  std::function<void(DataSetParams&)> change;
  GpuErrorCode code = GpuErrorCode::invalid_params;
};

class DataSets : public testing::Test {
 protected:
  // Nothing stays of a case that is refused.
  void expect_refused(const Case& one, const std::string& text) {
    const std::uint64_t used = tenant_.used();
    const Placed placed = place(tenant_, one);
    EXPECT_TRUE(is_refused(create(placed.params), text));
    destroy(tenant_, placed);
    EXPECT_EQ(tenant_.used(), used);
  }

  void expect_refused(std::span<const BadData> cases) {
    const Placed placed = place(tenant_, small_case());
    for (const BadData& bad : cases) {
      DataSetParams params = placed.params;
      bad.change(params);
      EXPECT_TRUE(is_refused(create(params), bad.text, bad.code)) << bad.text;
      EXPECT_EQ(tenant_.used(), 0U);
    }
    EXPECT_TRUE(create(placed.params));
  }

  GpuResult<ResourceHandle> create(const DataSetParams& params) {
    return wasi_gpu::data_set_create(tenant_.session(), params);
  }

  Tenant tenant_;
};

TEST_F(DataSets, ParametersAreInTheirRanges) {
  using enum GpuErrorCode;
  const Numbers nowhere{99, ElementType::float32, 0, 4};
  expect_refused(std::vector<BadData>{
      {"n-rows: 0 is not from 1 to 2147483647", [](auto& params) { params.n_rows = 0; }},
      {"n-rows: 2147483648", [](auto& params) { params.n_rows = 0x8000'0000; }},
      {"n-rows: 4294967295", [](auto& params) { params.n_rows = kMost32; }},
      {"features[0]: 21 rows", [](auto& params) { params.n_rows = 21; }},
      {"features[0]: 2147483647 rows", [](auto& params) { params.n_rows = 0x7fff'ffff; }},
      {"n-classes: 1 is neither 0 nor from 2 to 256", [](auto& params) { params.n_classes = 1; }},
      {"n-classes: 257", [](auto& params) { params.n_classes = 257; }},
      {"n-classes: 4294967295", [](auto& params) { params.n_classes = kMost32; }},
      {"max-bins: 0 is not from 2 to 255", [](auto& params) { params.max_bins = 0; }},
      {"max-bins: 1", [](auto& params) { params.max_bins = 1; }},
      {"max-bins: 256", [](auto& params) { params.max_bins = 256; }},
      {"features: 0 are not from 1 to 65536", [](auto& params) { params.features.clear(); }},
      {"features: 0 are not from 1", [](auto& params) { params.features[0].n_columns = 0; }},
      {"features[1]: n-columns must not be 0",
       [](auto& params) {
         params.features.push_back(params.features[0]);
         params.features[1].n_columns = 0;
       }},
      {"features[0]: 20 rows of 4 columns", [](auto& params) { params.features[0].n_columns = 4; }},
      {"features: 65537 are not", [](auto& params) { params.features[0].n_columns = 65537; }},
      {"features: 4294967295 are not", [](auto& params) { params.features[0].n_columns = kMost32; }},
      {"features: 4294967298 are not",
       [](auto& params) {
         params.features.push_back(params.features[0]);
         params.features[0].n_columns = kMost32;
       }},
      {"features[0]", [](auto& params) { params.features[0].buffer = 99; }, invalid_buffer},
      {"targets", [](auto& params) { params.targets.buffer = 99; }, invalid_buffer},
      {"draw-weights", [=](auto& params) { params.draw_weights = nowhere; }, invalid_buffer},
      {"criterion-weights", [=](auto& params) { params.criterion_weights = nowhere; }, invalid_buffer},
  });
}

TEST_F(DataSets, SourcesLieInsideTheirBuffers) {
  // The features' buffer has 240 bytes: columns of 80 bytes; the others' have 160.
  const auto features = [](std::uint64_t offset, std::int64_t row, std::int64_t column, std::uint32_t n) {
    return [=](DataSetParams& params) {
      params.features[0] = {params.features[0].buffer, ElementType::float32, offset, row, column, n};
    };
  };
  const auto targets = [](std::uint64_t offset, std::int64_t stride) {
    return
        [=](DataSetParams& params) { params.targets = {params.targets.buffer, ElementType::float64, offset, stride}; };
  };
  std::vector<BadData> bad;
  for (const auto& change : {features(1, 4, 80, 3),
                             features(0, 4, 81, 3),
                             features(0, 5, 80, 3),
                             features(237, 0, 0, 1),
                             features(75, -4, 80, 3),
                             features(235, -4, -80, 3),
                             features(159, 4, -80, 3),
                             features(0, -4, 80, 3),
                             features(0, 4, -80, 3),
                             features(kMost64, 0, 0, 1),
                             features(kMost64, 1, 1, 3),
                             features(kMost64 - 3, 4, 80, 3),
                             features(0x8000'0000'0000'0000, 0, 0, 3),
                             features(0x8000'0000'0000'0000, kLeast, 0, 1),
                             features(0, kMost, 0, 1),
                             features(0, kLeast, 0, 1),
                             features(0, 0, kMost, 3),
                             features(0, 0, kLeast, 3),
                             features(0, kMost, kMost, 3),
                             features(0, kLeast, kMost, 3),
                             features(0, 0x0d79'435e'50d7'9436, 0, 1),
                             features(kMost64, kLeast, kLeast, 3),
                             features(0, -1, 1, 3),
                             features(0, 0, 0x4000'0000'0000'0000, 3)}) {
    bad.push_back({"features[0]: 20 rows of ", change});
  }
  for (const auto& change : {targets(1, 8), targets(0, 9), targets(151, -8), targets(153, 0), targets(0, -8),
                             targets(kMost64, 0), targets(kMost64, kMost), targets(0, kLeast), targets(0, kMost)}) {
    bad.push_back({"targets: 20 rows of 1 columns", change});
  }
  const auto weights = [](std::uint64_t offset, std::int64_t stride) {
    return [=](DataSetParams& params) {
      params.draw_weights = Numbers{params.targets.buffer, ElementType::float64, offset, stride};
    };
  };
  bad.push_back({"draw-weights: 20 rows", weights(1, 8)});
  bad.push_back({"draw-weights: 20 rows", weights(0, -8)});
  bad.push_back({"criterion-weights: 20 rows", [](DataSetParams& params) {
                   params.criterion_weights = Numbers{params.targets.buffer, ElementType::float64, 8, 8};
                 }});
  expect_refused(bad);
  // To the last byte they may.
  const Placed placed = place(tenant_, small_case());
  const std::vector<std::function<void(DataSetParams&)>> good{features(0, 4, 80, 3),
                                                              features(76, -4, 80, 3),
                                                              features(160, 4, -80, 3),
                                                              features(236, -4, -80, 3),
                                                              features(236, 0, 0, 3),
                                                              features(2, 0, 117, 3),
                                                              targets(0, 8),
                                                              targets(152, -8),
                                                              targets(152, 0),
                                                              targets(0, 0)};
  for (const auto& change : good) {
    DataSetParams params = placed.params;
    change(params);
    EXPECT_TRUE(create(params));
  }
}

TEST_F(DataSets, ValuesCanBeUsed) {
  const auto with_value = [](std::uint32_t column, std::uint32_t row, float value) {
    Case one = small_case();
    one.data.columns[column][row] = value;
    return one;
  };
  expect_refused(with_value(1, 7, kInfinity), "features: row 7, column 1: inf is infinite as f32");
  expect_refused(with_value(2, 19, -kInfinity), "features: row 19, column 2: -inf is infinite as f32");
  const auto with_target = [](double target, std::uint32_t n_classes = 0) {
    Case one = small_case();
    one.data.targets[11] = target;
    one.parameters.n_classes = n_classes;
    return one;
  };
  for (const double target : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e300, -3.5e38}) {
    expect_refused(with_target(target), "targets: row 11: ");
  }
  for (const double target : {-1.0, 0.5, 10.0, 1e300, std::nan(""), -HUGE_VAL, 0x1p32, -0.25}) {
    expect_refused(with_target(target, 10), "targets: row 11: ");
  }
  const auto with_weight = [](double weight, bool draws) {
    Case one = small_case();
    auto& weights = draws ? one.data.draw_weights : one.data.criterion_weights;
    weights.assign(20, 1.0);
    weights[13] = weight;
    return one;
  };
  for (const double weight : {-1.0, -1e-300, std::nan(""), HUGE_VAL, -HUGE_VAL, 1e300}) {
    expect_refused(with_weight(weight, true), "draw-weights: row 13: ");
    expect_refused(with_weight(weight, false), "criterion-weights: row 13: ");
  }
  Case one = small_case();
  one.data.draw_weights.assign(20, 0.0);
  expect_refused(one, "draw-weights: all are 0");
  one.data.draw_weights.clear();
  one.data.criterion_weights.assign(20, 0.0);
  expect_refused(one, "criterion-weights: all are 0");
  one.data.draw_weights.assign(20, 0.0);
  one.data.draw_weights[3] = 1;
  one.data.criterion_weights.assign(20, 2.0);
  one.data.criterion_weights[3] = 0;
  expect_refused(one, "criterion-weights: all are 0 where draw-weights are not");
  one.data.criterion_weights[3] = 5e-324;
  EXPECT_EQ(grow(tenant_, one).nodes.size(), 1U);
}

// What an f64 holds and an f32 does not; the first row, and in it the first column.
TEST_F(DataSets, ValuesThatRoundingMakesInfiniteAreNamedAsTheyAre) {
  const Placed placed = place(tenant_, small_case());
  std::vector<double> table(60, 1.0);
  table[7 * 3 + 2] = -1e300;
  table[7 * 3 + 1] = 1e300;
  table[8 * 3 + 0] = 3.5e38;
  const auto bytes = std::as_bytes(std::span(table));
  DataSetParams params = placed.params;
  params.features = {{tenant_.share({bytes.begin(), bytes.end()}), ElementType::float64, 0, 24, 8, 3}};
  EXPECT_TRUE(is_refused(create(params), "features: row 7, column 1: 1e+300 is infinite as f32"));
  table[7 * 3 + 2] = table[7 * 3 + 1] = table[8 * 3 + 0] = 3.4e38;
  params.features[0].buffer = tenant_.share({bytes.begin(), bytes.end()});
  EXPECT_TRUE(create(params));
  params = placed.params;
  params.n_classes = 9;
  EXPECT_TRUE(is_refused(create(params), "is not a class, a whole number below 9"));
}

TEST_F(DataSets, ConstantFeaturesAreTold) {
  Case one = small_case();
  one.data.columns[0].assign(20, 7.0F);
  one.data.columns[2].assign(20, kNan);
  const ResourceHandle data = data_set_of(tenant_, one);
  EXPECT_EQ(must(wasi_gpu::data_set_constant_features(tenant_.session(), data)), (std::vector<std::uint32_t>{0, 2}));
  one.data.columns[0][5] = kNan;  // one value beside a missing one
  EXPECT_EQ(must(wasi_gpu::data_set_constant_features(tenant_.session(), data_set_of(tenant_, one))),
            (std::vector<std::uint32_t>{0, 2}));
}

// -- odd, and good: models of one node ------------------------------------------------

struct Stump {
  const char* name;
  std::function<void(Case&)> change;
  std::uint32_t weight = 20;
  float value = 0;  // of a regression
};

class Stumps : public testing::TestWithParam<Stump> {};

TEST_P(Stumps, AreGrown) {
  Tenant tenant;
  Case one = small_case();
  one.data.targets.assign(20, 4.0);
  one.data.targets[0] = 5;
  GetParam().change(one);
  const Trees trees = grow(tenant, one);
  EXPECT_EQ(trees.nodes, (std::vector<ModelNode>{{-1, GetParam().value, 0, 0, GetParam().weight}}));
  EXPECT_EQ(trees, trees_of(forest_reference::grow(one.data, one.parameters), one.parameters.n_classes));
  if (one.parameters.n_classes > 0) {
    std::vector<std::uint32_t> classes(one.parameters.n_classes);
    for (const double target : one.data.targets) classes[static_cast<std::size_t>(target)] += GetParam().weight / 20;
    EXPECT_EQ(trees.leaf_classes, classes);
  }
  const ResourceHandle data = data_set_of(tenant, one);
  const ResourceHandle growth = must(wasi_gpu::growth_start(tenant.session(), data, growth_params(one)));
  EXPECT_EQ(must(wasi_gpu::growth_open_nodes(tenant.session(), growth, 5)).size(), 0U);  // it is finished
  const ResourceHandle model = must(wasi_gpu::growth_finish(tenant.session(), growth));
  EXPECT_EQ(must(wasi_gpu::model_importances(tenant.session(), model)), std::vector<double>(one.data.columns.size()));
}

std::vector<Stump> stumps() {
  return {
      {"OneRow",
       [](Case& one) {
         for (auto& column : one.data.columns) column.resize(1);
         one.data.targets.resize(1);
       },
       1, 5},
      {"OneTarget", [](Case& one) { one.data.targets.assign(20, -3.0); }, 20, -3},
      {"TargetsThatHardlyDiffer",
       [](Case& one) {
         one.data.targets.assign(20, 0.0);
         one.data.targets[0] = 1e-300;
       },
       20, 0},
      {"OneClass",
       [](Case& one) {
         one.parameters.n_classes = 256;
         one.data.targets.assign(20, 255.0);
       }},
      {"NoDepth", [](Case& one) { one.parameters.max_depth = 0; }, 20, 4.05F},
      {"NodesTooSmall", [](Case& one) { one.parameters.min_samples_split = 21; }, 20, 4.05F},
      {"OneDraw", [](Case& one) { one.parameters.n_draws = 1; }, 1, 4},
      {"OneRowThatCanBeDrawn",
       [](Case& one) {
         one.data.draw_weights.assign(20, 0.0);
         one.data.draw_weights[0] = 1e-300;
         one.parameters.n_draws = 50;
       },
       50, 5},
      {"OneRowThatCounts",
       [](Case& one) {
         one.data.criterion_weights.assign(20, 0.0);
         one.data.criterion_weights[0] = 1e-300;
       },
       1U << 20U, 5},
  };
}

INSTANTIATE_TEST_SUITE_P(Of, Stumps, testing::ValuesIn(stumps()),
                         [](const auto& tested) { return std::string(tested.param.name); });

// These nodes are open, only no split is found: what there is to split between lies in no feature, or leaves too
// little.
TEST(Splitless, NodesBecomeLeaves) {
  const std::vector<std::function<void(Case&)>> changes{
      [](Case& one) { one.data.columns.assign(3, std::vector<float>(20, 1.0F)); },
      [](Case& one) { one.data.columns.assign(3, std::vector<float>(20, kNan)); },
      [](Case& one) { one.parameters.min_samples_leaf = 11; },
      [](Case& one) { one.parameters.min_samples_leaf = kMost32; },
      [](Case& one) { one.parameters.min_impurity_decrease = 1e300; },
  };
  for (const auto& change : changes) {
    Tenant tenant;
    Case one = small_case();
    change(one);
    const Trees trees = grow(tenant, one);
    EXPECT_EQ(trees.nodes.size(), 1U);
    EXPECT_EQ(trees, trees_of(forest_reference::grow(one.data, one.parameters), 0));
    const ResourceHandle data = data_set_of(tenant, one);
    const ResourceHandle growth = must(wasi_gpu::growth_start(tenant.session(), data, growth_params(one)));
    const auto open = must(wasi_gpu::growth_open_nodes(tenant.session(), growth, 1));
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0].rows, 20U);
    EXPECT_EQ(open[0].weight, 20U);
    EXPECT_FALSE(must(wasi_gpu::growth_best_splits(tenant.session(), growth)).at(0));
    must(wasi_gpu::growth_split_nodes(tenant.session(), growth, {}));
    EXPECT_EQ(finish(tenant, growth), trees);
  }
}

// -- parameters of growth ----------------------------------------------------------------

TEST(GrowthParameters, AreInTheirRangesAndAgree) {
  Tenant tenant;
  const ResourceHandle regression = data_set_of(tenant, small_case());
  Case one = small_case();
  one.data.criterion_weights.assign(20, 1.0);
  const ResourceHandle weighted = data_set_of(tenant, one);
  one.parameters.n_classes = 10;
  const ResourceHandle weighted_classes = data_set_of(tenant, one);
  const struct {
    std::string text;
    ResourceHandle data;
    std::function<void(GrowthParams&)> change;
  } cases[] = {
      {"n-trees: must not be 0", regression, [](auto& params) { params.n_trees = 0; }},
      {"max-features: 0 is not from 1 to 3", regression, [](auto& params) { params.max_features = 0; }},
      {"max-features: 4 is not", regression, [](auto& params) { params.max_features = 4; }},
      {"max-features: 4294967295 is not", regression, [](auto& params) { params.max_features = kMost32; }},
      {"min-samples-split: 0 is below 2", regression, [](auto& params) { params.min_samples_split = 0; }},
      {"min-samples-split: 1 is below 2", regression, [](auto& params) { params.min_samples_split = 1; }},
      {"min-samples-leaf: must not be 0", regression, [](auto& params) { params.min_samples_leaf = 0; }},
      {"min-weight-fraction-leaf: -0.1 is", regression, [](auto& params) { params.min_weight_fraction_leaf = -0.1; }},
      {"min-weight-fraction-leaf: 0.6 is", regression, [](auto& params) { params.min_weight_fraction_leaf = 0.6; }},
      {"min-weight-fraction-leaf: nan is", regression,
       [](auto& params) { params.min_weight_fraction_leaf = std::nan(""); }},
      {"min-impurity-decrease: -1 is", regression, [](auto& params) { params.min_impurity_decrease = -1; }},
      {"min-impurity-decrease: nan is", regression, [](auto& params) { params.min_impurity_decrease = std::nan(""); }},
      {"min-impurity-decrease: inf is", regression, [](auto& params) { params.min_impurity_decrease = HUGE_VAL; }},
      {"n-draws: 0 is not from 1 to 2147483647", regression, [](auto& params) { params.n_draws = 0; }},
      {"n-draws: 2147483648 is not", regression, [](auto& params) { params.n_draws = 0x8000'0000; }},
      {"n-draws: forests of a data set with criterion-weights", weighted, [](auto& params) { params.n_draws = 20; }},
      {"balanced-subsample: a regression has no classes", regression,
       [](auto& params) { params.balanced_subsample = true; }},
      {"balanced-subsample: the data set has criterion-weights", weighted_classes,
       [](auto& params) { params.balanced_subsample = true; }},
      {"out-of-bag: without n-draws", regression, [](auto& params) { params.out_of_bag = true; }},
      {"leaf-targets: leaves of a classification keep classes", weighted_classes,
       [](auto& params) { params.leaf_targets = true; }},
  };
  const std::uint64_t used = tenant.used();
  for (const auto& [text, data, change] : cases) {
    GrowthParams params = growth_params(small_case());
    change(params);
    EXPECT_TRUE(is_refused(wasi_gpu::growth_start(tenant.session(), data, params), text)) << text;
    EXPECT_EQ(tenant.used(), used);
  }
}

// As large as they may be, where a tree is small.
TEST(GrowthParameters, MayBeExtreme) {
  Tenant tenant;
  const ResourceHandle data = data_set_of(tenant, small_case());
  GrowthParams params = growth_params(small_case());
  params.max_depth = kMost32;
  params.n_draws = 5'000'000;
  params.seed = kMost64;
  params.out_of_bag = true;
  const Trees trees = grow(tenant, data, params);
  EXPECT_EQ(trees.nodes[0].weight, 5'000'000U);
  EXPECT_GT(trees.nodes.size(), 19U);
  params.n_trees = kMost32;  // only begun
  const ResourceHandle growth = must(wasi_gpu::growth_start(tenant.session(), data, params));
  EXPECT_EQ(must(wasi_gpu::growth_grow(tenant.session(), growth, 3)), 3U);
  must(wasi_gpu::growth_stop(tenant.session(), growth));
  EXPECT_EQ(finish(tenant, growth).n_trees(), 3U);
}

}  // namespace
}  // namespace gpu_host::forest_test
