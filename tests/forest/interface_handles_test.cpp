// Handles, and what can be asked of a growth in which state.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "forest/interface.hpp"
#include "forest/refusals.hpp"

namespace gpu_host::forest_test {
namespace {

// -- handles -------------------------------------------------------------------------------

// Every function, by the handle that it is called with.
struct Call {
  const char* kind;  // of resource
  std::function<GpuResult<void>(Session&, ResourceHandle)> run;
};

std::vector<Call> all_calls() {
  const auto params = growth_params(small_case());
  return {
      {"data-set", [](Session& s, auto self) { return without_value(wasi_gpu::data_set_constant_features(s, self)); }},
      {"data-set", [params](Session& s, auto self) { return without_value(wasi_gpu::growth_start(s, self, params)); }},
      {"growth", [](Session& s, auto self) { return without_value(wasi_gpu::growth_grow(s, self, 0)); }},
      {"growth", [](Session& s, auto self) { return without_value(wasi_gpu::growth_open_nodes(s, self, 1)); }},
      {"growth", [](Session& s, auto self) { return without_value(wasi_gpu::growth_best_splits(s, self)); }},
      {"growth", [](Session& s, auto self) { return without_value(wasi_gpu::growth_value_ranges(s, self, {{0, 0}})); }},
      {"growth", [](Session& s, auto self) { return without_value(wasi_gpu::growth_evaluate(s, self, {{0, {}}})); }},
      {"growth", [](Session& s, auto self) { return wasi_gpu::growth_split_nodes(s, self, {{0, {}}}); }},
      {"growth", [](Session& s, auto self) { return wasi_gpu::growth_stop(s, self); }},
      {"growth", [](Session& s, auto self) { return without_value(wasi_gpu::growth_finish(s, self)); }},
      {"model", [](Session& s, auto self) { return without_value(wasi_gpu::model_shape(s, self)); }},
      {"model", [](Session& s, auto self) { return without_value(wasi_gpu::model_tree_offsets(s, self)); }},
      {"model", [](Session& s, auto self) { return wasi_gpu::model_write_nodes(s, self, 0, 0, 1, 0); }},
      {"model", [](Session& s, auto self) { return wasi_gpu::model_write_leaf_values(s, self, 0, 0, 1, 0); }},
      {"model", [](Session& s, auto self) { return without_value(wasi_gpu::model_importances(s, self)); }},
      {"model", [](Session& s, auto self) { return wasi_gpu::model_write_out_of_bag(s, self, 1, 0); }},
      {"model", [](Session& s, auto self) { return without_value(wasi_gpu::model_packed_size(s, self, {})); }},
      {"model", [](Session& s, auto self) { return wasi_gpu::model_pack(s, self, {}, 1, 0); }},
      {"model", [](Session& s, auto self) { return wasi_gpu::model_predict(s, self, {}, {}, 1, 0); }},
      {"model", [](Session& s, auto self) { return wasi_gpu::model_quantiles(s, self, {}, {}, 1, 0); }},
  };
}

bool drop(Session& session, const std::string& kind, ResourceHandle handle) {
  if (kind == "data-set") return wasi_gpu::data_set_drop(session, handle);
  if (kind == "growth") return wasi_gpu::growth_drop(session, handle);
  return wasi_gpu::model_drop(session, handle);
}

TEST(Handles, MustBeLiveResourcesOfTheirKind) {
  Tenant tenant;
  Session& session = tenant.session();
  const ResourceHandle data = data_set_of(tenant, small_case());
  const ResourceHandle dropped = data_set_of(tenant, small_case());
  const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, growth_params(small_case())));
  const ResourceHandle finished = must(wasi_gpu::growth_start(session, data, growth_params(small_case())));
  (void)must(wasi_gpu::growth_grow(session, finished, 1));
  const ResourceHandle model = must(wasi_gpu::growth_finish(session, finished));
  EXPECT_TRUE(wasi_gpu::data_set_drop(session, dropped));
  const std::vector<std::pair<ResourceHandle, std::string>> handles{{0, ""},
                                                                    {dropped, ""},
                                                                    {model + 1000, ""},
                                                                    {kMost32, ""},
                                                                    {data, "data-set"},
                                                                    {growth, "growth"},
                                                                    {finished, "growth"},
                                                                    {model, "model"}};
  for (const auto& [kind, run] : all_calls()) {
    for (const auto& [handle, of_kind] : handles) {
      const auto result = run(session, handle);
      if (handle == finished && of_kind == kind) {
        EXPECT_TRUE(is_refused(result, "is finished")) << kind;
      } else if (of_kind != kind) {
        EXPECT_TRUE(is_refused(result, "is not a live " + std::string(kind) + " of this instance")) << handle;
        EXPECT_FALSE(drop(session, kind, handle)) << handle;
      }
    }
  }
  for (const auto& [handle, kind] : handles) {
    if (kind.empty()) continue;
    EXPECT_TRUE(drop(session, kind, handle));
    EXPECT_FALSE(drop(session, kind, handle));
  }
}

TEST(Handles, AreOneSequenceAndNeverUsedTwice) {
  Tenant tenant;
  const GrowthParams params = growth_params(small_case());
  EXPECT_EQ(data_set_of(tenant, small_case()), 1U);
  EXPECT_EQ(must(wasi_gpu::growth_start(tenant.session(), 1, params)), 2U);
  EXPECT_TRUE(wasi_gpu::growth_drop(tenant.session(), 2));
  EXPECT_FALSE(wasi_gpu::growth_start(tenant.session(), 2, params));
  EXPECT_EQ(must(wasi_gpu::growth_start(tenant.session(), 1, params)), 3U);
  EXPECT_FALSE(wasi_gpu::growth_finish(tenant.session(), 3));  // and takes none
  (void)must(wasi_gpu::growth_grow(tenant.session(), 3, 1));
  EXPECT_EQ(must(wasi_gpu::growth_finish(tenant.session(), 3)), 4U);
  // Of another instance they are nothing.
  Tenant other;
  EXPECT_FALSE(wasi_gpu::model_shape(other.session(), 4));
  EXPECT_FALSE(wasi_gpu::model_drop(other.session(), 4));
}

TEST(Handles, AreSoManyAtATime) {
  Tenant tenant;
  Session& session = tenant.session();
  const GrowthParams params = growth_params(small_case());
  const ResourceHandle data = data_set_of(tenant, small_case());
  const ResourceHandle first = must(wasi_gpu::growth_start(session, data, params));
  (void)must(wasi_gpu::growth_grow(session, first, 1));
  for (int i = 2; i < 1 << 16; ++i) (void)must(wasi_gpu::growth_start(session, data, params));
  const std::uint64_t used = tenant.used();
  EXPECT_TRUE(is_refused(wasi_gpu::growth_start(session, data, params), "65536", GpuErrorCode::out_of_memory));
  EXPECT_TRUE(is_refused(wasi_gpu::growth_finish(session, first), "65536", GpuErrorCode::out_of_memory));
  const Placed placed = place(tenant, small_case());
  EXPECT_TRUE(is_refused(wasi_gpu::data_set_create(session, placed.params), "65536", GpuErrorCode::out_of_memory));
  EXPECT_EQ(tenant.used(), used);
  EXPECT_TRUE(wasi_gpu::growth_drop(session, first + 1));
  const Trees trees = finish(tenant, first);
  Tenant other;
  EXPECT_EQ(trees, grow(other, small_case()));
}

// -- the state of a growth ---------------------------------------------------------------

TEST(Growth, IsAskedOfListedNodesOnly) {
  Tenant tenant;
  Session& session = tenant.session();
  const ResourceHandle data = data_set_of(tenant, small_case());
  const ResourceHandle growth = must(wasi_gpu::growth_start(session, data, growth_params(small_case())));
  const auto expect_none = [&] {
    const std::string text = "has listed no open nodes";
    EXPECT_TRUE(is_refused(wasi_gpu::growth_best_splits(session, growth), text));
    EXPECT_TRUE(is_refused(wasi_gpu::growth_value_ranges(session, growth, {{0, 0}}), text));
    EXPECT_TRUE(is_refused(wasi_gpu::growth_evaluate(session, growth, {{0, {}}}), text));
    EXPECT_TRUE(is_refused(wasi_gpu::growth_split_nodes(session, growth, {}), text));
  };
  expect_none();
  EXPECT_TRUE(is_refused(wasi_gpu::growth_open_nodes(session, growth, 0), "n-trees: must not be 0"));
  EXPECT_TRUE(is_refused(wasi_gpu::growth_finish(session, growth), "0 of 1 trees are finished"));
  ASSERT_EQ(must(wasi_gpu::growth_open_nodes(session, growth, kMost32)).size(), 1U);
  EXPECT_TRUE(is_refused(wasi_gpu::growth_value_ranges(session, growth, {{0, 0}, {1, 0}}),
                         "of[1]: node 1 is not one of 1 open nodes"));
  EXPECT_TRUE(is_refused(wasi_gpu::growth_value_ranges(session, growth, {{0, 3}}), "of[0]: feature 3 is not one of 3"));
  EXPECT_TRUE(is_refused(wasi_gpu::growth_evaluate(session, growth, {{0, {}}, {0, {}}, {kMost32, {}}}),
                         "candidates[2]: node 4294967295"));
  EXPECT_TRUE(is_refused(wasi_gpu::growth_evaluate(session, growth, {{0, {.feature = kMost32}}}),
                         "candidates[0]: feature 4294967295"));
  EXPECT_EQ(must(wasi_gpu::growth_value_ranges(session, growth, {})).size(), 0U);
  EXPECT_EQ(must(wasi_gpu::growth_evaluate(session, growth, {})).size(), 0U);
  for (const float threshold : {kNan, kInfinity, -kInfinity}) {
    EXPECT_FALSE(must(wasi_gpu::growth_evaluate(session, growth, {{0, {0, threshold, true}}})).at(0));
  }
  must(wasi_gpu::growth_split_nodes(session, growth, {}));
  expect_none();
  EXPECT_TRUE(is_refused(wasi_gpu::growth_finish(session, growth), "0 of 1 trees are finished"));
  (void)must(wasi_gpu::growth_grow(session, growth, 1));
  expect_none();
  EXPECT_EQ(finish(tenant, growth), grow(tenant, small_case()));
}

}  // namespace
}  // namespace gpu_host::forest_test
