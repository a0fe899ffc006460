// Hostile data inside buffers, through the whole way: kernel-error that names it.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>

#include "hostile/on_each_backend.hpp"

namespace gpu_host::hostile {
namespace {

using Trees = OnEachBackend;
using Split = OnEachBackend;
using KernelErrors = OnEachBackend;

using enum GpuErrorCode;

// One row of two features, 0.5 and 2.5, on the trees whose nodes are given.
GuestModule predicting(std::initializer_list<Node> nodes, std::initializer_list<std::uint32_t> offsets,
                       std::uint32_t max_depth) {
  GuestModule guest;
  const auto samples = guest.buffer_of<float>({0.5f, 2.5f});
  const auto tree_nodes = guest.buffer_of<Node>(nodes);
  const auto tree_offsets = guest.buffer_of<std::uint32_t>(offsets);
  const auto output = guest.buffer(4);
  guest.call("kernel-batch-predict", {1, 2, offsets.size(), max_depth, samples, tree_nodes, tree_offsets, output});
  guest.settle();
  return guest;
}

TEST_P(Trees, GoodOnesPredict) {
  auto guest = predicting({{0, 1, 1, 2}, {-1, 10, 0, 0}, {-1, 20, 0, 0}, {1, 1, 0, 1}, {-1, 40, 0, 0}}, {0, 3}, 1);
  guest.expect_ok().expect_values<float>(4, {25});
  EXPECT_TRUE(passes(guest));
}

TEST_P(Trees, ChildrenOutsideAreKernelErrors) {
  for (const std::uint32_t child : {2u, 1000u, 0x1000'0000u, 0x7fff'ffffu, kMax32}) {
    EXPECT_TRUE(passes(predicting({{0, 1, child, 1}, {-1, 1, 0, 0}}, {0}, 9).expect_error(kernel_error, "left")));
    EXPECT_TRUE(passes(predicting({{1, 1, 1, child}, {-1, 1, 0, 0}}, {0}, 9).expect_error(kernel_error, "right")));
  }
  // Inside the buffer, but counted from the second tree's root.
  const std::initializer_list<Node> nodes = {{-1, 1, 0, 0}, {0, 1, 1, 1}};
  EXPECT_TRUE(passes(predicting(nodes, {1}, 9).expect_error(kernel_error, "tree-nodes[1].left")));
}

TEST_P(Trees, FeaturesOutsideAreKernelErrors) {
  for (const std::int32_t feature : {2, 1000, 0x7fff'ffff, -2, -1000, std::numeric_limits<std::int32_t>::min()}) {
    auto guest = predicting({{feature, 1, 1, 1}, {-1, 1, 0, 0}}, {0}, 9);
    EXPECT_TRUE(passes(guest.expect_error(kernel_error, "tree-nodes[0].feature"))) << feature;
  }
}

TEST_P(Trees, OffsetsOutsideAreKernelErrors) {
  for (const std::uint32_t offset : {1u, 2u, 0x1000'0000u, kMax32}) {
    EXPECT_TRUE(passes(predicting({{-1, 1, 0, 0}}, {0, offset}, 9).expect_error(kernel_error, "tree-offsets[1]")));
  }
}

TEST_P(Trees, CyclesEnd) {
  const auto cyclic = [](std::uint32_t max_depth) { return predicting({{0, 1, 1, 1}, {0, 1, 0, 0}}, {0}, max_depth); };
  for (const std::uint32_t max_depth : {0u, 1u, 2u, 1000u}) {
    EXPECT_TRUE(passes(cyclic(max_depth).expect_error(kernel_error, "max-depth"))) << max_depth;
  }
  EXPECT_TRUE(passes(predicting({{0, 1, 0, 0}}, {0}, 50).expect_error(kernel_error, "max-depth")));
}

// No walk needs more edges than there are nodes: a cycle is known long before 2^32 steps.
TEST_P(Trees, CyclesEndSoonWhateverMaxDepthSays) {
  InstanceOptions limited = options();
  limited.limits.timeout = std::chrono::seconds(2);
  auto guest = predicting({{0, 1, 1, 1}, {0, 1, 0, 0}}, {0}, kMax32);
  EXPECT_TRUE(passes(guest.expect_error(kernel_error, "max-depth"), limited));
}

TEST_P(Trees, DeeperThanMaxDepthAreKernelErrors) {
  const std::initializer_list<Node> chain = {{0, 1, 1, 1}, {0, 1, 2, 2}, {-1, 3, 0, 0}};
  EXPECT_TRUE(passes(predicting(chain, {0}, 1).expect_error(kernel_error, "max-depth")));
  EXPECT_TRUE(passes(predicting(chain, {0}, 2).expect_ok()));
}

TEST_P(Trees, ThatAreNotWholeNodesAreOutside) {
  GuestModule guest;
  const auto samples = guest.buffer(8);
  const auto nodes = guest.buffer(15);
  const auto offsets = guest.buffer(4);
  const auto output = guest.buffer(4);
  guest.call("kernel-batch-predict", {1, 2, 1, 9, samples, nodes, offsets, output}).settle();
  EXPECT_TRUE(passes(guest.expect_error(kernel_error, "tree-offsets[0]")));
}

// Three rows of two features; labels for `n_labels` of them.
GuestModule splitting(std::initializer_list<std::uint32_t> indices, std::initializer_list<float> labels) {
  GuestModule guest;
  const auto data = guest.buffer_of<float>({1, 10, 2, 20, 3, 30});
  const auto label_buffer = guest.buffer_of<float>(labels);
  const auto index_buffer = guest.buffer_of<std::uint32_t>(indices);
  const auto thresholds = guest.buffer_of<float>({1.5f});
  const auto scores = guest.buffer(4);
  guest.call("kernel-find-split", {indices.size(), 2, 0, 1, data, label_buffer, index_buffer, thresholds, scores});
  guest.settle();
  return guest;
}

TEST_P(Split, IndicesOutsideAreKernelErrors) {
  for (const std::uint32_t index : {3u, 4u, 0x4000'0000u, 0x8000'0000u, kMax32}) {
    auto guest = splitting({0, index}, {1, 2, 3});
    EXPECT_TRUE(passes(guest.expect_error(kernel_error, "indices[1]"))) << index;
  }
  auto good = splitting({0, 1, 2, 2}, {1, 2, 3});
  EXPECT_TRUE(passes(good.expect_ok()));
}

TEST_P(Split, RowsAreTheSmallerOfDataAndLabels) {
  auto few_labels = splitting({0, 2}, {1, 2});
  EXPECT_TRUE(passes(few_labels.expect_error(kernel_error, "indices[1]")));
  auto many_labels = splitting({0, 3}, {1, 2, 3, 4});
  EXPECT_TRUE(passes(many_labels.expect_error(kernel_error, "indices[1]")));
}

TEST_P(Split, RowsWiderThanTheDataAreNone) {
  GuestModule guest;
  const auto zeros = guest.buffer(16);
  const auto scores = guest.buffer(4);
  guest.call("kernel-find-split", {1, kMax32, kMax32 - 1, 1, zeros, zeros, zeros, zeros, scores}).settle();
  EXPECT_TRUE(passes(guest.expect_error(kernel_error, "indices[0]")));
}

TEST_P(KernelErrors, AreReturnedOnceAndTheInstanceGoesOn) {
  auto guest = predicting({{0, 1, 0, 0}}, {0}, 5);
  guest.expect_error(kernel_error);
  guest.call("sync");
  guest.expect_values<float>(1, {0.5f, 2.5f});
  guest.buffer(4);
  EXPECT_TRUE(passes(guest));
}

INSTANTIATE_TEST_SUITE_P(Backends, Trees, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, Split, testing::ValuesIn(backend_names()), backend_test_name);
INSTANTIATE_TEST_SUITE_P(Backends, KernelErrors, testing::ValuesIn(backend_names()), backend_test_name);

}  // namespace
}  // namespace gpu_host::hostile
