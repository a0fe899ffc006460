// Models that are made elsewhere: what is wrong with one is told, and what is just good enough is taken.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "forest/interface.hpp"
#include "forest/refusals.hpp"

namespace gpu_host::forest_test {
namespace {

using wasi_gpu::ModelParams;
using wasi_gpu::PartFlags;

// Of 3 features, two trees: x1 <= 0.5 has the first leaf, other values and missing ones the second; and a leaf.
ModelParams small_model(Tenant& tenant, LeafKind leaves) {
  const bool has_numbers = leaves == LeafKind::number;
  const auto leaf = [&](float value) { return ModelNode{-1, has_numbers ? value : 0, 0, 0, 0}; };
  ModelParams params;
  params.n_features = 3;
  params.leaves = leaves;
  params.n_outputs = has_numbers ? 1 : 2;
  params.average = leaves == LeafKind::classes;
  params.tree_offsets = {0, 3, 4};
  params.nodes = buffer_of(tenant, std::vector<ModelNode>{{1, 0.5F, 1, 2, 0}, leaf(1), leaf(2), leaf(10)});
  if (leaves == LeafKind::classes) {
    params.leaf_values = {buffer_of(tenant, std::vector<std::uint32_t>{1, 3, 2, 0, 4, 4}), 0};
  } else if (leaves == LeafKind::vector) {
    params.leaf_values = {buffer_of(tenant, std::vector<float>{1, 3, 2, 0, 10, 20}), 0};
  }
  return params;
}

struct BadModel {
  std::string text;
  LeafKind leaves;
  std::function<void(ModelParams&)> change;
  GpuErrorCode code = GpuErrorCode::invalid_params;
};

void expect_refused(const std::vector<BadModel>& cases) {
  Tenant tenant;
  for (const BadModel& bad : cases) {
    ModelParams params = small_model(tenant, bad.leaves);
    bad.change(params);
    EXPECT_TRUE(is_refused(wasi_gpu::model_create(tenant.session(), params), bad.text, bad.code)) << bad.text;
    EXPECT_EQ(tenant.used(), 0U);
  }
}

TEST(ModelParameters, AreInTheirRangesAndAgree) {
  using enum LeafKind;
  expect_refused({
      {"n-features: 0 is not from 1 to 65536", number, [](auto& params) { params.n_features = 0; }},
      {"n-features: 65537 is not", number, [](auto& params) { params.n_features = 65537; }},
      {"n-features: 4294967295 is not", number, [](auto& params) { params.n_features = kMost32; }},
      {"n-outputs: 0 is not from 1 to 65536", number, [](auto& params) { params.n_outputs = 0; }},
      {"n-outputs: 65537 is not", vector, [](auto& params) { params.n_outputs = 65537; }},
      {"n-outputs: 1 is not from 2 to 256", classes, [](auto& params) { params.n_outputs = 1; }},
      {"n-outputs: 257 is not", classes, [](auto& params) { params.n_outputs = 257; }},
      {"n-outputs: 4294967295 is not", classes, [](auto& params) { params.n_outputs = kMost32; }},
      {"average: of classes it is the mean", classes, [](auto& params) { params.average = false; }},
      {"base: nothing is added to probabilities", classes, [](auto& params) { params.base = {0, 0}; }},
      {"base: 2 numbers, there are 1 outputs", number, [](auto& params) { params.base = {1, 2}; }},
      {"base: 1 numbers, there are 2 outputs", vector, [](auto& params) { params.base = {1}; }},
      {"base[1]: nan is not finite", vector, [](auto& params) { params.base = {1, std::nan("")}; }},
      {"base[0]: -inf is not finite", vector, [](auto& params) { params.base = {-HUGE_VAL, 0}; }},
      {"tree-outputs: none, there are 2 outputs", number, [](auto& params) { params.n_outputs = 2; }},
      {"tree-outputs: 1, there are 2 trees", number, [](auto& params) { params.tree_outputs = {0}; }},
      {"tree-outputs: 3, there are 2 trees", number, [](auto& params) { params.tree_outputs = {0, 0, 0}; }},
      {"tree-outputs: tree 1: 1 is not one of 1 outputs", number, [](auto& params) { params.tree_outputs = {0, 1}; }},
      {"tree-outputs: tree 0: 4294967295 is not one of 5 outputs", number,
       [](auto& params) {
         params.n_outputs = 5;
         params.tree_outputs = {kMost32, 1};
       }},
      {"tree-outputs: each leaf has all outputs", classes, [](auto& params) { params.tree_outputs = {0, 1}; }},
      {"tree-outputs: each leaf has all outputs", vector, [](auto& params) { params.tree_outputs = {0, 0}; }},
      {"leaf-values: numbers are in their nodes", number, [](auto& params) { params.leaf_values = {params.nodes, 0}; }},
      {"leaf-values: needed where", classes, [](auto& params) { params.leaf_values.reset(); }},
      {"leaf-values: needed where", vector, [](auto& params) { params.leaf_values.reset(); }},
  });
}

TEST(ModelParameters, OffsetsAreThoseOfTrees) {
  const auto with = [](std::vector<std::uint64_t> offsets) {
    return [=](ModelParams& params) { params.tree_offsets = offsets; };
  };
  const LeafKind number = LeafKind::number;
  expect_refused({
      {"tree-offsets: 0 are not those of 1 to 2147483648 trees", number, with({})},
      {"tree-offsets: 1 are not", number, with({0})},
      {"tree-offsets: tree 0 begins at node 1", number, with({1, 4})},
      {"tree-offsets: tree 0: from 0 to 0 are not an odd number of nodes", number, with({0, 0})},
      {"tree-offsets: tree 0: from 0 to 2 are not", number, with({0, 2})},
      {"tree-offsets: tree 1: from 3 to 3 are not", number, with({0, 3, 3, 4})},
      {"tree-offsets: tree 1: from 3 to 2 are not", number, with({0, 3, 2})},
      {"tree-offsets: tree 2: from 4 to 0 are not", number, with({0, 3, 4, 0})},
      {"tree-offsets: tree 1: from 1 to 18446744073709551615 are not", number, with({0, 1, kMost64})},
      {"tree-offsets: tree 0: 18446744073709551615 nodes are more than 2147483648", number, with({0, kMost64, 4})},
      {"tree-offsets: tree 1: 2147483650 nodes are more than", number, with({0, 3, 0x8000'0002})},
      {"nodes: 100 bytes at offset 0 exceed the buffer's 80 bytes", number, with({0, 3, 4, 5})},
      {"nodes: 42949672940 bytes", number, with({0, 0x7fff'ffff})},
  });
}

TEST(ModelParameters, SourcesLieInsideTheirBuffers) {
  using enum LeafKind;
  using enum GpuErrorCode;
  expect_refused({
      {"nodes", number, [](auto& params) { params.nodes = 99; }, invalid_buffer},
      {"leaf-values", vector, [](auto& params) { params.leaf_values->buffer = 0; }, invalid_buffer},
      {"nodes: 80 bytes at offset 1 exceed", number, [](auto& params) { params.nodes_offset = 1; }},
      {"nodes: 80 bytes at offset 18446744073709551615", number, [](auto& params) { params.nodes_offset = kMost64; }},
      {"leaf-values: 24 bytes at offset 4", vector, [](auto& params) { params.leaf_values->offset = 4; }},
      {"leaf-values: 24 bytes at offset 18446744073709551600", vector,
       [](auto& params) { params.leaf_values->offset = kMost64 - 15; }},
      {"leaf-values: 36 bytes at offset 0", classes, [](auto& params) { params.n_outputs = 3; }},
      {"leaf-values: 786432 bytes at offset 0", vector, [](auto& params) { params.n_outputs = 65536; }},
  });
}

// In whatever place of a buffer, which they leave as it was.
TEST(ModelParameters, MayBeGood) {
  for (const LeafKind leaves : {LeafKind::number, LeafKind::classes, LeafKind::vector}) {
    Tenant tenant;
    Session& session = tenant.session();
    ModelParams params = small_model(tenant, leaves);
    if (leaves != LeafKind::classes) params.base.assign(params.n_outputs, 100);
    if (leaves == LeafKind::number) params.tree_outputs = {0, 0};
    const ResourceHandle model = must(wasi_gpu::model_create(session, params));
    const ForestShape shape = must(wasi_gpu::model_shape(session, model));
    EXPECT_EQ(shape.n_trees, 2U);
    EXPECT_EQ(shape.n_features, 3U);
    EXPECT_EQ(shape.leaves, leaves);
    EXPECT_EQ(shape.n_outputs, params.n_outputs);
    EXPECT_EQ(shape.n_nodes, 4U);
    EXPECT_EQ(shape.n_leaves, 3U);
    EXPECT_FALSE(shape.has_leaf_targets);
    EXPECT_EQ(must(wasi_gpu::model_tree_offsets(session, model)), params.tree_offsets);
    const BufferId rows = buffer_of(tenant, std::vector<float>{0, 0.5F, 0, 0, 1, 0, 0, kNan, 0});
    const auto predicted = written<float>(tenant, std::size_t{3} * params.n_outputs, [&](BufferId to) {
      return wasi_gpu::model_predict(session, model, table_of(rows, 3, 3), ForestPrediction::outputs, to, 0);
    });
    const std::vector<float> expected = leaves == LeafKind::number ? std::vector<float>{111, 112, 112}
                                        : leaves == LeafKind::classes
                                            ? std::vector<float>{0.375F, 0.625F, 0.75F, 0.25F, 0.75F, 0.25F}
                                            : std::vector<float>{111, 123, 112, 120, 112, 120};
    EXPECT_EQ(predicted, expected);
    EXPECT_GT(tenant.used(), 0U);
    EXPECT_TRUE(wasi_gpu::model_drop(session, model));
    EXPECT_EQ(tenant.used(), 0U);
  }
}

TEST(ModelParameters, TakeTheirMemoryOfTheQuota) {
  Tenant tenant({.memory = 1000});
  ModelParams params = small_model(tenant, LeafKind::number);
  params.tree_offsets = {0};
  for (std::uint64_t i = 1; i <= 1000; ++i) params.tree_offsets.push_back(i);
  params.nodes = buffer_of(tenant, std::vector<ModelNode>(1000));
  EXPECT_TRUE(is_refused(wasi_gpu::model_create(tenant.session(), params), "", GpuErrorCode::out_of_memory));
  EXPECT_EQ(tenant.used(), 0U);
}

TEST(ModelFromElsewhere, WasNotGrown) {
  Tenant tenant;
  Session& session = tenant.session();
  const ResourceHandle model = must(wasi_gpu::model_create(session, small_model(tenant, LeafKind::number)));
  const BufferId to = tenant.share(std::vector<std::byte>(1 << 10));
  EXPECT_TRUE(is_refused(wasi_gpu::model_importances(session, model), "self: the model was not grown"));
  EXPECT_TRUE(is_refused(wasi_gpu::model_write_out_of_bag(session, model, to, 0), "without out-of-bag"));
  EXPECT_TRUE(is_refused(wasi_gpu::model_write_leaf_values(session, model, 0, 0, to, 0), "its leaves hold numbers"));
  EXPECT_TRUE(is_refused(wasi_gpu::model_quantiles(session, model, {}, {}, to, 0), "has no leaf-targets"));
  EXPECT_TRUE(is_refused(wasi_gpu::model_packed_size(session, model, PartFlags{2}), "parts: the model has no leaf-ta"));
}

}  // namespace
}  // namespace gpu_host::forest_test
