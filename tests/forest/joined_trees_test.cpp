// Forests of so many small trees that these are joined to parts while others grow (forest_growth.hpp): the trees and
// what they say of rows stay the same.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "forest/interface.hpp"

namespace gpu_host::forest_test {
namespace {

Case some_case(std::uint32_t n_rows, std::uint32_t n_classes, std::uint32_t n_trees) {
  Dice dice(n_rows);
  Case one;
  one.data.columns.resize(2);
  for (std::vector<float>& column : one.data.columns) {
    for (std::uint32_t row = 0; row < n_rows; ++row) column.push_back(static_cast<float>(dice.fraction()));
  }
  for (std::uint32_t row = 0; row < n_rows; ++row) {
    one.data.targets.push_back(n_classes == 0 ? dice.fraction() : dice.number(0, n_classes - 1));
  }
  one.parameters.n_classes = n_classes;
  one.parameters.n_trees = n_trees;
  one.parameters.n_draws = n_rows;
  return one;
}

// In steps of so many trees.
ResourceHandle grown(Tenant& tenant, ResourceHandle data, const GrowthParams& params, std::uint32_t step) {
  Session& session = tenant.session();
  const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, params));
  for (std::uint32_t n = 0; n < params.n_trees;) n = must(wasi_gpu::growth_grow(session, growth, step));
  const ResourceHandle model = must(wasi_gpu::growth_finish(session, growth));
  EXPECT_TRUE(wasi_gpu::growth_drop(session, growth));
  return model;
}

std::vector<double> out_of_bag(Tenant& tenant, ResourceHandle model, std::size_t n) {
  return written<double>(tenant, n,
                         [&](BufferId to) { return wasi_gpu::model_write_out_of_bag(tenant.session(), model, to, 0); });
}

class JoinedTrees : public testing::TestWithParam<std::uint32_t> {
 protected:
  Tenant tenant_{{.threads = GetParam()}};
};

// Trees whose leaves keep their targets are not joined.
TEST_P(JoinedTrees, OfNumbersAreThoseThatWereAlone) {
  constexpr std::uint32_t kRows = 1000;
  const Case one = some_case(kRows, 0, 300);
  const ResourceHandle data = data_set_of(tenant_, one);
  GrowthParams params = growth_params(one, true);
  params.leaf_targets = true;
  const ResourceHandle alone = grown(tenant_, data, params, params.n_trees);
  params.leaf_targets = false;
  for (const std::uint32_t step : {1U, 70U, 300U}) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    const ResourceHandle joined = grown(tenant_, data, params, step);
    expect_same(trees_of(tenant_, alone), trees_of(tenant_, joined));
    EXPECT_EQ(out_of_bag(tenant_, alone, kRows), out_of_bag(tenant_, joined, kRows));
    EXPECT_TRUE(wasi_gpu::model_drop(tenant_.session(), joined));
  }
  EXPECT_TRUE(wasi_gpu::model_drop(tenant_.session(), alone));
  EXPECT_TRUE(wasi_gpu::data_set_drop(tenant_.session(), data));
  EXPECT_EQ(tenant_.used(), 0U);
}

TEST_P(JoinedTrees, OfClassesAreTheReferences) {
  const Case one = some_case(50, 250, 90);
  const Trees expected = trees_of(forest_reference::grow(one.data, one.parameters), one.parameters.n_classes);
  const ResourceHandle data = data_set_of(tenant_, one);
  for (const std::uint32_t step : {7U, 90U}) {
    SCOPED_TRACE(testing::Message() << "step " << step);
    const ResourceHandle joined = grown(tenant_, data, growth_params(one), step);
    expect_same(expected, trees_of(tenant_, joined));
    EXPECT_TRUE(wasi_gpu::model_drop(tenant_.session(), joined));
  }
  EXPECT_TRUE(wasi_gpu::data_set_drop(tenant_.session(), data));
  EXPECT_EQ(tenant_.used(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Threads, JoinedTrees, testing::Values(1, 2));

}  // namespace
}  // namespace gpu_host::forest_test
