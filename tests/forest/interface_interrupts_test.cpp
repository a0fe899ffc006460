// Calls that are told to stop: they end with an error, and what they took comes back.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "forest/interface.hpp"
#include "forest/refusals.hpp"

namespace gpu_host::forest_test {
namespace {

// 2 million rows that all lie in a few bytes.
DataSetParams many_rows(Tenant& tenant) {
  const BufferId buffer = tenant.share(std::vector<std::byte>(1 << 12, std::byte{0x3f}));
  DataSetParams params;
  params.n_rows = 1 << 21;
  params.features.assign(8, {buffer, ElementType::float32, 0, 0, 0, 1});
  params.targets = {buffer, ElementType::uint8, 0, 0};
  params.max_bins = 255;
  params.fine_bins = true;
  return params;
}

// Noise, which takes a while.
Case noise(std::uint32_t n_rows) {
  Case one;
  Dice dice(9);
  one.data.columns.assign(10, std::vector<float>(n_rows));
  for (auto& column : one.data.columns) {
    for (float& value : column) value = static_cast<float>(dice.fraction());
  }
  for (std::uint32_t i = 0; i < n_rows; ++i) one.data.targets.push_back(dice.fraction());
  one.parameters.n_trees = 1'000'000;
  one.parameters.n_draws = n_rows;
  return one;
}

Case large_case() { return noise(100'000); }

TEST(Interrupts, EndEveryLongCall) {
  const Case one = large_case();
  const GrowthParams params = growth_params(one, true);
  const std::vector<std::pair<const char*, std::function<GpuResult<void>(Session&, ResourceHandle)>>> calls{
      {"grow", [](Session& s, auto growth) { return without_value(wasi_gpu::growth_grow(s, growth, kMost32)); }},
      {"open-nodes",
       [](Session& s, auto growth) { return without_value(wasi_gpu::growth_open_nodes(s, growth, 1000)); }},
      {"best-splits", [](Session& s, auto growth) { return without_value(wasi_gpu::growth_best_splits(s, growth)); }},
      {"value-ranges",
       [](Session& s, auto growth) {
         return without_value(wasi_gpu::growth_value_ranges(s, growth, std::vector<NodeFeature>(100'000)));
       }},
      {"evaluate",
       [](Session& s, auto growth) {
         return without_value(wasi_gpu::growth_evaluate(s, growth, std::vector<SplitCandidate>(100'000)));
       }},
      {"split-nodes", [](Session& s, auto growth) { return wasi_gpu::growth_split_nodes(s, growth, {}); }},
  };
  for (const bool before : {true, false}) {
    for (const auto& [name, run] : calls) {
      SCOPED_TRACE(testing::Message() << name << (before ? " before it" : " in it"));
      Tenant tenant({.threads = 2, .memory = std::uint64_t{400} << 20U});
      Session& session = tenant.session();
      const ResourceHandle data = data_set_of(tenant, one);
      const std::uint64_t used = tenant.used();
      const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, params));
      const bool is_steered = std::string(name) != "grow" && std::string(name) != "open-nodes";
      if (is_steered) {
        const std::uint32_t n_trees = 8;
        ASSERT_EQ(must(wasi_gpu::growth_open_nodes(session, growth, n_trees)).size(), n_trees);
        must(wasi_gpu::growth_split_nodes(session, growth, {}));
        (void)must(wasi_gpu::growth_open_nodes(session, growth, n_trees));
      }
      if (before) session.interrupt().request();
      std::thread interrupter([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(before ? 0 : 10));
        session.interrupt().request();
      });
      const auto result = run(session, growth);
      interrupter.join();
      // Where it is quicker than the interrupt, it ends well.
      EXPECT_TRUE(!before && std::string(name) != "grow" ? true : !result);
      EXPECT_TRUE(wasi_gpu::growth_drop(session, growth));
      EXPECT_EQ(tenant.used(), used);
      EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
      EXPECT_EQ(tenant.used(), 0U);
    }
  }
}

// The trees are in part where they were, in part in the model, and the data is gone: nothing is left to go on with.
TEST(Interrupts, EndAGrowthThatIsBeingFinished) {
  Case one = noise(10'000);
  one.parameters.n_trees = 20;
  Tenant tenant({.threads = 2});
  Session& session = tenant.session();
  const ResourceHandle data = data_set_of(tenant, one);
  const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, growth_params(one)));
  EXPECT_TRUE(wasi_gpu::data_set_drop(session, data));
  (void)must(wasi_gpu::growth_grow(session, growth, one.parameters.n_trees));
  session.interrupt().request();
  EXPECT_FALSE(wasi_gpu::growth_finish(session, growth));
  EXPECT_FALSE(wasi_gpu::growth_finish(session, growth));
  (void)wasi_gpu::growth_grow(session, growth, 1);
  (void)wasi_gpu::growth_open_nodes(session, growth, 1);
  (void)wasi_gpu::growth_best_splits(session, growth);
  (void)wasi_gpu::growth_value_ranges(session, growth, std::vector<NodeFeature>(1));
  (void)wasi_gpu::growth_split_nodes(session, growth, {});
  (void)wasi_gpu::growth_stop(session, growth);
  EXPECT_TRUE(wasi_gpu::growth_drop(session, growth));
  EXPECT_EQ(tenant.used(), 0U);
}

TEST(Interrupts, EndTheMakingOfADataSet) {
  for (const int after : {-1, 0, 5, 50}) {
    Tenant tenant({.threads = 2});
    const DataSetParams params = many_rows(tenant);
    if (after < 0) tenant.session().interrupt().request();
    std::thread interrupter([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(after));
      tenant.session().interrupt().request();
    });
    const auto data = wasi_gpu::data_set_create(tenant.session(), params);
    interrupter.join();
    if (data) {
      EXPECT_GE(after, 0);
      EXPECT_TRUE(wasi_gpu::data_set_drop(tenant.session(), *data));
    }
    EXPECT_EQ(tenant.used(), 0U);
  }
}

// A deep tree for many rows that are one; and what is to be told of a model as a whole.
TEST(Interrupts, EndEveryCallOfAModel) {
  constexpr std::uint32_t kRows = 1 << 24;
  constexpr wasi_gpu::PartFlags kAll{3};
  const auto row = std::make_shared<std::vector<std::byte>>(40);
  const auto output = std::make_shared<std::vector<std::byte>>(std::size_t{kRows} * sizeof(float));
  const std::vector<
      std::pair<const char*, std::function<GpuResult<void>(Session&, ResourceHandle, BufferId, BufferId)>>>
      calls{
          {"predict",
           [](Session& s, auto model, auto from, auto to) {
             const Table rows{kRows, {{from, ElementType::float32, 0, 0, sizeof(float), 10}}};
             return wasi_gpu::model_predict(s, model, rows, ForestPrediction::outputs, to, 0);
           }},
          {"quantiles",
           [](Session& s, auto model, auto from, auto to) {
             const Table rows{kRows, {{from, ElementType::float32, 0, 0, sizeof(float), 10}}};
             return wasi_gpu::model_quantiles(s, model, rows, {0.5}, to, 0);
           }},
          {"pack", [](Session& s, auto model, auto, auto to) { return wasi_gpu::model_pack(s, model, kAll, to, 0); }}};
  Case one = large_case();
  one.parameters.n_trees = 3;
  for (const bool before : {true, false}) {
    for (const auto& [name, run] : calls) {
      SCOPED_TRACE(testing::Message() << name << (before ? " before it" : " in it"));
      Tenant tenant({.threads = 2});
      Session& session = tenant.session();
      GrowthParams params = growth_params(one);
      params.leaf_targets = true;
      const ResourceHandle data = data_set_of(tenant, one);
      const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, params));
      (void)must(wasi_gpu::growth_grow(session, growth, params.n_trees));
      const ResourceHandle model = must(wasi_gpu::growth_finish(session, growth));
      const BufferId from = must(session.share({.bytes = *row, .read_only = true, .owner = row}));
      const BufferId to = must(session.share({.bytes = *output, .read_only = false, .owner = output}));
      const std::uint64_t used = tenant.used();
      if (before) session.interrupt().request();
      std::thread interrupter([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(before ? 0 : 10));
        session.interrupt().request();
      });
      const auto begin = std::chrono::steady_clock::now();
      const auto result = run(session, model, from, to);
      const auto took = std::chrono::steady_clock::now() - begin;
      interrupter.join();
      EXPECT_TRUE(!result || (!before && std::string(name) == "pack"));
      EXPECT_LT(took, std::chrono::seconds(2));
      EXPECT_EQ(tenant.used(), used);
      EXPECT_TRUE(wasi_gpu::model_drop(session, model));
    }
  }
}

}  // namespace
}  // namespace gpu_host::forest_test
