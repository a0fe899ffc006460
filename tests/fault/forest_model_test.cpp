// The memory runs out in every allocation of every call that makes, packs or asks a model, and the calls go on.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

using wasi_gpu::GrowthParams;
using wasi_gpu::ModelParams;
using wasi_gpu::PartFlags;
using wasi_gpu::ResourceHandle;
using wasi_gpu::Table;

constexpr std::uint32_t kRows = 40;
constexpr std::int64_t kF32 = sizeof(float);
constexpr PartFlags kAll{3};

// One byte after the other of one buffer: where parts of it begin.
constexpr std::uint64_t kOutputs = 0;
constexpr std::uint64_t kTrees = 1 << 10;
constexpr std::uint64_t kQuantiles = 1 << 12;
constexpr std::uint64_t kPacked = 1 << 13;
constexpr std::uint64_t kEnd = 1 << 15;

// Makes models of all kinds on a session of its own.
class Tenant {
 public:
  Tenant() {
    std::vector<float> values(std::size_t{3} * kRows);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 37 % 101);
    table_ = upload(std::as_bytes(std::span(values)));
    struct Node {
      std::int32_t feature;
      float value;
      std::uint32_t left;
      std::uint32_t missing;
      std::uint32_t weight;
    };
    static_assert(sizeof(Node) == sizeof(ForestNode));
    const std::array<Node, 4> nodes{{{1, 50, 1, 2, 0}, {-1, 1, 0, 0, 3}, {-1, 2, 0, 0, 4}, {-1, 0x1p-60F, 0, 0, 1}}};
    nodes_ = upload(std::as_bytes(std::span(nodes)));
    output_ = *session_.share({.bytes = bytes_, .read_only = false, .owner = nullptr});
    data_ =
        *wasi_gpu::data_set_create(session_, {.n_rows = kRows,
                                              .features = {{table_, ElementType::float32, 0, kF32, kF32 * kRows, 2}},
                                              .targets = {table_, ElementType::float32, kF32 * kRows * 2, kF32},
                                              .n_classes = 0,
                                              .draw_weights = {},
                                              .criterion_weights = {},
                                              .max_bins = 16,
                                              .fine_bins = true,
                                              .seed = 0});
    used_ = session_.buffers().memory().used();
  }

  // Whether both models came to their ends. A call that fails is not made again; others are.
  bool run() {
    bytes_.fill(std::byte{0});
    growth_ = grown_ = created_ = unpacked_ = 0;
    attempt([&] { return keep(growth_, wasi_gpu::growth_start(session_, data_, growth_params())); });
    attempt([&] { return wasi_gpu::growth_grow(session_, growth_, 3).has_value(); });
    attempt([&] { return keep(grown_, wasi_gpu::growth_finish(session_, growth_)); });
    attempt([&] { return keep(created_, wasi_gpu::model_create(session_, model_params())); });
    std::uint64_t size = 0;
    attempt([&] {
      const auto packed = wasi_gpu::model_packed_size(session_, grown_, kAll);
      if (packed) size = *packed;
      return packed.has_value();
    });
    const bool is_packed =
        attempt([&] { return wasi_gpu::model_pack(session_, grown_, kAll, output_, kPacked).has_value(); });
    attempt([&] { return is_packed && keep(unpacked_, wasi_gpu::model_unpack(session_, output_, kPacked, size)); });
    const auto predict = [&] {
      return wasi_gpu::model_predict(session_, unpacked_, table(), ForestPrediction::outputs, output_, kOutputs)
          .has_value();
    };
    attempt(predict);  // where it fails, the model is what it was
    const bool is_predicted = attempt(predict);
    const bool are_quantiles = attempt([&] {
      return wasi_gpu::model_quantiles(session_, unpacked_, table(), {0.1, 0.9}, output_, kQuantiles).has_value();
    });
    const bool is_created = attempt([&] {
      return wasi_gpu::model_predict(session_, created_, table(), ForestPrediction::trees, output_, kTrees).has_value();
    });
    return is_predicted && are_quantiles && is_created;
  }

  [[nodiscard]] std::span<const std::byte> written() const { return bytes_; }

  // All of it.
  void drop() {
    for (const ResourceHandle model : {grown_, created_, unpacked_}) {
      if (model != 0) {
        EXPECT_TRUE(wasi_gpu::model_drop(session_, model));
      }
    }
    if (growth_ != 0) {
      EXPECT_TRUE(wasi_gpu::growth_drop(session_, growth_));
    }
    EXPECT_EQ(session_.buffers().memory().used(), used_);
  }

 private:
  static GrowthParams growth_params() {
    GrowthParams params;
    params.n_trees = 3;
    params.max_features = 2;
    params.min_samples_split = 2;
    params.min_samples_leaf = 4;
    params.n_draws = kRows;
    params.leaf_targets = true;
    return params;
  }

  [[nodiscard]] ModelParams model_params() const {
    ModelParams params;
    params.n_features = 2;
    params.n_outputs = 2;
    params.base = {1, 2};
    params.tree_offsets = {0, 3, 4};
    params.tree_outputs = {0, 1};
    params.nodes = nodes_;
    return params;
  }

  [[nodiscard]] Table table() const { return {kRows, {{table_, ElementType::float32, 0, kF32, kF32 * kRows, 2}}}; }

  BufferId upload(std::span<const std::byte> bytes) {
    const BufferId buffer = *wasi_gpu::buffer_create(session_, bytes.size(), {});
    EXPECT_TRUE(wasi_gpu::buffer_write(session_, buffer, 0, bytes));
    return buffer;
  }

  // As a host function makes a call: without memory it has an error, and the guest goes on.
  template <class Call>
  static bool attempt(const Call& call) {
    try {
      return call();
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  static bool keep(ResourceHandle& handle, const GpuResult<ResourceHandle>& made) {
    if (made) handle = *made;
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
  alignas(8) std::array<std::byte, kEnd> bytes_{};
  BufferId table_ = 0;
  BufferId nodes_ = 0;
  BufferId output_ = 0;
  ResourceHandle data_ = 0;
  std::uint64_t used_ = 0;
  ResourceHandle growth_ = 0;
  ResourceHandle grown_ = 0;
  ResourceHandle created_ = 0;
  ResourceHandle unpacked_ = 0;
};

TEST(ForestModels, AreMadeAndAskedOrEndWhereverMemoryRunsOut) {
  Tenant tenant;
  ASSERT_TRUE(tenant.run());
  const std::vector<std::byte> expected(tenant.written().begin(), tenant.written().end());
  tenant.drop();
  std::size_t n_whole = 0;
  for (const bool later_too : {false, true}) {
    bool ran_out = true;
    for (std::size_t n = 0; ran_out && !testing::Test::HasFailure(); ++n) {
      SCOPED_TRACE(testing::Message() << "allocation " << n << (later_too ? " and all after it" : ""));
      const long before = live_blocks();
      bool is_whole = false;
      {
        const FailingAllocations failing({n, later_too});
        is_whole = tenant.run();
        ran_out = failing.happened();
      }
      EXPECT_TRUE(is_whole || ran_out);
      if (is_whole) {
        EXPECT_TRUE(std::ranges::equal(tenant.written(), expected));
      }
      n_whole += is_whole && ran_out ? 1 : 0;
      tenant.drop();
      EXPECT_EQ(live_blocks(), before) << "leaked";
    }
  }
  EXPECT_GT(n_whole, 0U);  // a prediction that fails changes nothing
}

}  // namespace
}  // namespace gpu_host::fault
