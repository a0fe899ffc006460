// The memory runs out in every allocation of every call of the forest's, and the calls go on.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include "backend/registry.hpp"
#include "fault/failing_allocations.hpp"
#include "wasi_gpu/compute.hpp"
#include "wasi_gpu/forest.hpp"

namespace gpu_host::fault {
namespace {

using wasi_gpu::DataSetParams;
using wasi_gpu::GrowthParams;
using wasi_gpu::ResourceHandle;

constexpr std::uint32_t kRows = 60;
constexpr std::uint32_t kTrees = 5;

DataSetParams data_params(BufferId table) {
  constexpr std::int64_t kF32 = sizeof(float);
  DataSetParams params;
  params.n_rows = kRows;
  params.features = {{table, ElementType::float32, 0, kF32, kF32 * kRows, 3}};
  params.targets = {table, ElementType::float32, 3 * kF32 * kRows, kF32};
  params.n_classes = 3;
  params.max_bins = 16;
  params.fine_bins = true;
  return params;
}

GrowthParams growth_params() {
  GrowthParams params;
  params.seed = 3;
  params.n_trees = kTrees;
  params.max_features = 2;
  params.min_samples_split = 2;
  params.min_samples_leaf = 1;
  params.n_draws = kRows;
  params.out_of_bag = true;
  return params;
}

std::vector<float> table() {
  std::vector<float> values(std::size_t{4} * kRows);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i < std::size_t{3} * kRows ? i * 37 % 101 : i * 7 % 3);
  }
  return values;
}

// Makes one forest after the other on a session of its own.
class Tenant {
 public:
  Tenant() {
    const std::vector<float> values = table();
    table_ = *wasi_gpu::buffer_create(session_, values.size() * sizeof(float), {});
    EXPECT_TRUE(wasi_gpu::buffer_write(session_, table_, 0, std::as_bytes(std::span(values))));
    output_ = *session_.share({.bytes = nodes_, .read_only = false, .owner = nullptr});
    used_ = session_.buffers().memory().used();
  }

  // Whether it came to its end. A call that fails is not made again; others are.
  bool grow() {
    nodes_.fill(std::byte{0});
    data_ = growth_ = model_ = unpacked_ = created_ = 0;
    attempt([&] { return keep(data_, wasi_gpu::data_set_create(session_, data_params(table_))); });
    attempt([&] { return keep(growth_, wasi_gpu::growth_start(session_, data_, growth_params())); });
    attempt([&] { return wasi_gpu::growth_grow(session_, growth_, 2).has_value(); });
    attempt([&] { return wasi_gpu::growth_open_nodes(session_, growth_, 2).has_value(); });
    attempt([&] { return wasi_gpu::growth_best_splits(session_, growth_).has_value(); });
    attempt([&] { return wasi_gpu::growth_value_ranges(session_, growth_, {{0, 0}, {1, 1}}).has_value(); });
    attempt([&] { return wasi_gpu::growth_evaluate(session_, growth_, {{0, {0, 50, true}}}).has_value(); });
    attempt([&] { return wasi_gpu::growth_split_nodes(session_, growth_, {}).has_value(); });
    attempt([&] { return wasi_gpu::growth_open_nodes(session_, growth_, 2).has_value(); });
    attempt([&] { return wasi_gpu::growth_grow(session_, growth_, kTrees).has_value(); });
    attempt([&] { return keep(model_, wasi_gpu::growth_finish(session_, growth_)); });
    attempt([&] { return wasi_gpu::model_tree_offsets(session_, model_).has_value(); });
    attempt([&] { return wasi_gpu::model_importances(session_, model_).has_value(); });
    const bool is_written = attempt([&] {
      const auto shape = wasi_gpu::model_shape(session_, model_);
      return shape && wasi_gpu::model_write_nodes(session_, model_, 0, shape->n_nodes, output_, 0).has_value();
    });
    attempt([&] { return wasi_gpu::model_write_out_of_bag(session_, model_, output_, nodes_.size() / 2).has_value(); });
    attempt([&] { return copy(); });
    return is_written;
  }

  // What was written of its nodes; and of its predictions, where these could be made.
  [[nodiscard]] std::span<const std::byte> nodes() const { return std::span(nodes_).first(nodes_.size() / 2); }

  [[nodiscard]] bool has_copies() const { return unpacked_ != 0 && created_ != 0; }

  // All of it, and no handle that nobody knows.
  void drop() {
    if (data_ != 0) {
      EXPECT_TRUE(wasi_gpu::data_set_drop(session_, data_));
    }
    if (growth_ != 0) {
      EXPECT_TRUE(wasi_gpu::growth_drop(session_, growth_));
    }
    for (const ResourceHandle model : {model_, unpacked_, created_}) {
      if (model != 0) {
        EXPECT_TRUE(wasi_gpu::model_drop(session_, model));
      }
    }
    EXPECT_EQ(session_.buffers().memory().used(), used_);
    for (ResourceHandle handle = 0; handle < 10; ++handle)
      EXPECT_FALSE(wasi_gpu::model_shape(session_, last_ + handle));
  }

 private:
  // As a host function makes a call: without memory it has an error, and the guest goes on.
  template <class Call>
  static bool attempt(const Call& call) {
    try {
      return call();
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  // Predicts, packs the model behind its nodes and unpacks it, and makes another of the nodes.
  bool copy() {
    const std::uint64_t at = nodes_.size() / 2;
    const wasi_gpu::Table rows{kRows, data_params(table_).features};
    const auto size = wasi_gpu::model_packed_size(session_, model_, {});
    attempt([&] {
      return wasi_gpu::model_predict(session_, model_, rows, ForestPrediction::outputs, output_, at).has_value();
    });
    attempt([&] { return wasi_gpu::model_pack(session_, model_, {}, output_, at).has_value(); });
    attempt([&] { return size && keep(unpacked_, wasi_gpu::model_unpack(session_, output_, at, *size)); });
    auto offsets = wasi_gpu::model_tree_offsets(session_, model_);
    if (!offsets) return false;
    wasi_gpu::ModelParams params;
    params.n_features = 3;
    params.leaves = LeafKind::vector;
    params.n_outputs = 1;
    params.tree_offsets = *std::move(offsets);
    params.nodes = output_;
    params.leaf_values = {table_, 0};
    return keep(created_, wasi_gpu::model_create(session_, std::move(params)));
  }

  bool keep(ResourceHandle& handle, const GpuResult<ResourceHandle>& made) {
    if (made) last_ = handle = *made;
    return made.has_value();
  }

  Session session_{[] { return open_device({.backend = "cpu"}); },
                   [] {
                     Limits limits;
                     limits.gpu_memory = 64 << 20;
                     return limits;
                   }(),
                   [] {
                     SessionOptions options;
                     options.threads = 1;
                     return options;
                   }()};
  alignas(8) std::array<std::byte, 1 << 15> nodes_{};
  BufferId table_ = 0;
  BufferId output_ = 0;
  std::uint64_t used_ = 0;
  ResourceHandle data_ = 0;
  ResourceHandle growth_ = 0;
  ResourceHandle model_ = 0;
  ResourceHandle unpacked_ = 0;
  ResourceHandle created_ = 0;
  ResourceHandle last_ = 0;
};

TEST(Forests, AreGrownOrEndWhereverMemoryRunsOut) {
  Tenant tenant;
  ASSERT_TRUE(tenant.grow());
  EXPECT_TRUE(tenant.has_copies());
  const std::vector<std::byte> expected(tenant.nodes().begin(), tenant.nodes().end());
  tenant.drop();
  std::size_t n_grown = 0;
  for (const bool later_too : {false, true}) {
    bool ran_out = true;
    for (std::size_t n = 0; ran_out && !testing::Test::HasFailure(); ++n) {
      SCOPED_TRACE(testing::Message() << "allocation " << n << (later_too ? " and all after it" : ""));
      const long before = live_blocks();
      bool is_grown = false;
      {
        const FailingAllocations failing({n, later_too});
        is_grown = tenant.grow();
        ran_out = failing.happened();
      }
      EXPECT_TRUE(is_grown || ran_out);
      if (is_grown) {
        EXPECT_TRUE(std::ranges::equal(tenant.nodes(), expected));
      }
      n_grown += is_grown && ran_out ? 1 : 0;
      tenant.drop();
      EXPECT_EQ(live_blocks(), before) << "leaked";
    }
  }
  EXPECT_GT(n_grown, 0U);  // questions that fail change nothing
}

}  // namespace
}  // namespace gpu_host::fault
