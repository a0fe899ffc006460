#include "packed_trees.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <span>

#include "engine_exchange.hpp"
#include "packed_model.hpp"
#include "random_models.hpp"
#include "small_forest.hpp"

namespace wasm_ml {
namespace {

using gpu_host::forest::PackedLayout;
using gpu_host::forest::PackedStream;
using testing::HasSubstr;
using testing::StartsWith;

// Where the row's walk ends.
float leaf_of(const Forest& forest, std::size_t tree, std::span<const float> row) {
  const auto nodes = tree_nodes(forest, tree);
  std::size_t node = 0;
  while (!nodes[node].is_leaf()) {
    const bool left = row[static_cast<std::size_t>(nodes[node].feature)] <= nodes[node].threshold;
    node = left ? nodes[node].left : nodes[node].right;
  }
  return nodes[node].threshold;
}

TEST(PackedTreesTest, UnpackedTheyDecideAsBefore) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const std::uint32_t n_features = round % 20 == 0 ? 1000 : 1 + below(random, 5);
    const Forest forest = random_forest(random, n_features);
    const std::string packed = pack_trees(forest);
    const auto again = unpack_trees(packed);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->depth, forest.depth);
    EXPECT_EQ(again->depth, check_structure(*again).value());
    EXPECT_EQ(again->feature_names.size(), n_features);
    EXPECT_FALSE(again->knows_missing);
    ASSERT_EQ(again->tree_offsets, forest.tree_offsets);
    const std::vector<float> rows = random_rows(random, 20, n_features);
    for (std::size_t tree = 0; tree < forest.tree_offsets.size(); ++tree) {
      for (std::size_t row = 0; row < 20; ++row) {
        const auto of_row = std::span(rows).subspan(row * n_features, n_features);
        EXPECT_EQ(leaf_of(*again, tree, of_row), leaf_of(forest, tree, of_row));
      }
    }
    EXPECT_EQ(pack_trees(*again), packed);
  }
}

TEST(PackedTreesTest, TheHostReadsAndWritesTheSame) {
  std::mt19937 random(2);
  for (int round = 0; round < 50; ++round) {
    Forest forest = random_forest(random, round % 5 == 0 ? 257 : 3);
    // As numbers that the host keeps as they are.
    for (TreeNode& node : forest.nodes) node.threshold = std::round(node.threshold);
    const std::string packed = pack_trees(forest);
    const auto portable = unpack(packed);
    ASSERT_TRUE(portable) << portable.error().message;
    EXPECT_TRUE(portable->average);
    EXPECT_EQ(portable->nodes.size(), forest.nodes.size());
    EXPECT_EQ(pack(*portable).value(), packed);
  }
}

TEST(PackedTreesTest, Summary) {
  const std::string packed = pack_trees(small_forest());
  const auto summary = summarize(packed);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->n_trees, 2U);
  EXPECT_EQ(summary->n_nodes, 6U);
  EXPECT_EQ(summary->n_features, 2U);
  EXPECT_EQ(summary->n_outputs, 1U);
  EXPECT_EQ(summary->depth, 2U);
  EXPECT_FALSE(summary->has_weights);
  EXPECT_FALSE(summary->has_leaf_targets);
  EXPECT_EQ(summary->bytes, packed.size());
}

TEST(PackedTreesTest, AChainIsAsDeepAsItIs) {
  Forest forest{.feature_names = {"a"}, .tree_offsets = {0}};
  constexpr std::uint32_t kDepth = 100'000;
  for (std::uint32_t i = 0; i < kDepth; ++i) {
    forest.nodes.push_back({.feature = 0, .threshold = 0, .left = 2 * i + 1, .right = 2 * i + 2});
    forest.nodes.push_back({.feature = -1, .threshold = 1});
  }
  forest.nodes.push_back({.feature = -1, .threshold = 2});
  // Inner nodes are 0, 2, 4, …: each has a leaf to the left.
  EXPECT_EQ(check_structure(forest).value(), kDepth);
  EXPECT_EQ(summarize(pack_trees(forest)).value().depth, kDepth);
  EXPECT_EQ(unpack_trees(pack_trees(forest)).value().depth, kDepth);
}

// Changes bytes of the small forest's and makes the checksum right again.
std::string changed(const std::function<void(char* bytes, const PackedLayout& layout)>& change) {
  std::string packed = pack_trees(small_forest());
  const auto bytes = std::as_writable_bytes(std::span(packed));
  const auto layout = gpu_host::forest::read_packed_layout(bytes).value();
  change(packed.data(), layout);
  gpu_host::forest::write_packed_header(layout, bytes);
  return packed;
}

template <class T>
std::string with(PackedStream stream, std::size_t at, T value) {
  return changed([&](char* bytes, const PackedLayout& layout) {
    std::memcpy(bytes + layout.begin(stream) + at * sizeof(T), &value, sizeof(T));
  });
}

std::string unpack_error(const std::string& packed) {
  const auto forest = unpack_trees(packed);
  return forest ? "no error" : forest.error().message;
}

TEST(PackedTreesTest, NodesWithoutAParentAreRefused) {
  EXPECT_EQ(unpack_error(changed([](char*, const PackedLayout&) {})), "no error");
  for (int kinds = 0; kinds < 32; ++kinds) {
    const std::string packed = with(PackedStream::kinds, 0, static_cast<char>(kinds));
    // Of five nodes two are inner ones: the first, and one of its children.
    if (kinds == 0b00011 || kinds == 0b00101) {
      EXPECT_EQ(unpack_error(packed), "no error") << kinds;
      continue;
    }
    EXPECT_THAT(unpack_error(packed), StartsWith("its trees: tree 0")) << kinds;
    EXPECT_THAT(summarize(packed).error().message, StartsWith("its trees: tree 0")) << kinds;
  }
}

TEST(PackedTreesTest, FeaturesExistAndNumbersAreNumbers) {
  EXPECT_EQ(unpack_error(with(PackedStream::features, 1, std::uint8_t{2})), "its trees: tree 0, node 2 is not valid");
  EXPECT_EQ(unpack_error(with(PackedStream::thresholds, 0, std::numeric_limits<float>::quiet_NaN())),
            "its trees: tree 0, node 0 is not valid");
  EXPECT_EQ(unpack_error(with(PackedStream::thresholds, 0, std::numeric_limits<float>::infinity())), "no error");
  EXPECT_EQ(unpack_error(with(PackedStream::leaf_values, 3, std::numeric_limits<float>::infinity())),
            "its trees: tree 1: a leaf's number is not finite");
  EXPECT_TRUE(unpack_trees(with(PackedStream::missing, 0, '\1')).value().knows_missing);
}

TEST(PackedTreesTest, EveryTruncationAndEveryCorruptedByteIsAnError) {
  const std::string packed = pack_trees(small_forest());
  for (std::size_t length = 0; length < packed.size(); ++length) {
    EXPECT_FALSE(summarize(packed.substr(0, length))) << length;
  }
  EXPECT_FALSE(summarize(packed + '\0'));
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string corrupted = packed;
      corrupted[i] = static_cast<char>(corrupted[i] ^ 1 << bit);
      EXPECT_FALSE(summarize(corrupted)) << i << " " << bit;
      EXPECT_THAT(unpack_error(corrupted), StartsWith("its trees: ")) << i << " " << bit;
    }
  }
}

TEST(PackedTreesTest, TooManyFeaturesAreRefusedByName) {
  Forest forest = small_forest();
  forest.feature_names.resize((1U << 16U) + 1);
  EXPECT_THAT(unpack_error(pack_trees(forest)), HasSubstr("features: 65537 is not from 1 to 65536"));
  forest.feature_names.pop_back();
  EXPECT_EQ(unpack_error(pack_trees(forest)), "no error");
}

}  // namespace
}  // namespace wasm_ml
