// Packed models: what docs/packed-model.md says they are, by a reader of its own; and what is not one is refused.
#include <fmt/format.h>
#include <gtest/gtest.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "forest/interface.hpp"
#include "forest/reference_predict.hpp"
#include "forest/refusals.hpp"

namespace gpu_host::forest_test {
namespace {

using wasi_gpu::PartFlags;
using Bytes = std::vector<std::byte>;

constexpr PartFlags kNothing{0};
constexpr PartFlags kWeights{1};
constexpr PartFlags kLeafTargets{2};
constexpr PartFlags kAll{3};

bool has(PartFlags parts, PartFlags part) {
  return (static_cast<std::uint32_t>(parts) & static_cast<std::uint32_t>(part)) != 0;
}

// -- the document, once more
template <class T>
T number_at(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.subspan(at).first(sizeof(T)).data(), sizeof(T));
  return value;
}

template <class T>
void set_number(Bytes& bytes, std::size_t at, T value) {
  std::memcpy(std::span(bytes).subspan(at).first(sizeof(T)).data(), &value, sizeof(T));
}

std::uint64_t checksum_of(std::span<const std::byte> bytes) {
  return XXH3_64bits(bytes.data() + 32, bytes.size() - 32);
}

// Makes its size and its checksum those of the bytes.
void seal(Bytes& bytes) {
  set_number(bytes, 16, std::uint64_t{bytes.size()});
  set_number(bytes, 24, checksum_of(bytes));
}

// What is in a packed model.
struct Packed {
  Forest forest;  // without weights where it has none; of classes then without these
  bool has_weights = false;
  bool has_leaf_targets = false;
  std::vector<std::uint32_t> probabilities = {};  // without weights: of each leaf and class, times 2^24
  std::vector<std::uint32_t> leaf_rows = {};
  std::vector<float> targets = {};
  std::vector<std::uint32_t> multiplicities = {};
};

class PackedReader {
 public:
  // `any_padding`: bytes that mean nothing need not be 0.
  explicit PackedReader(std::span<const std::byte> bytes, bool any_padding = false)
      : bytes_(bytes), any_padding_(any_padding) {}

  Packed read() {
    const std::array<std::uint8_t, 8> magic{0x89, 0x57, 0x47, 0x46, 0x4d, 0x0d, 0x0a, 0x1a};
    EXPECT_EQ(std::memcmp(bytes_.data(), magic.data(), 8), 0);
    EXPECT_EQ(at<std::uint32_t>(8), 1U);
    EXPECT_EQ(at<std::uint32_t>(12), 1U);
    EXPECT_EQ(at<std::uint64_t>(16), bytes_.size());
    EXPECT_EQ(at<std::uint64_t>(24), checksum_of(bytes_));
    const auto n_trees = at<std::uint32_t>(32);
    Forest& forest = packed_.forest;
    forest.n_features = at<std::uint32_t>(36);
    forest.n_outputs = at<std::uint32_t>(40);
    forest.leaves = static_cast<LeafKind>(at<std::uint8_t>(44));
    const auto flags = at<std::uint8_t>(45);
    forest.average = (flags & 1U) != 0;
    packed_.has_weights = (flags & 8U) != 0;
    packed_.has_leaf_targets = (flags & 16U) != 0;
    const auto feature_bytes = at<std::uint8_t>(46);
    const auto weight_bytes = at<std::uint8_t>(47);
    const auto n_entries = at<std::uint64_t>(48);
    const auto multiplicity_bytes = at<std::uint8_t>(56);
    EXPECT_EQ(feature_bytes, forest.n_features <= 256 ? 1 : 2);
    for (std::size_t i = 57; i < 64; ++i) EXPECT_EQ(at<std::uint8_t>(i), 0);

    const auto sizes = stream(n_trees, 4);
    const auto base = stream((flags & 2U) != 0 ? forest.n_outputs : 0, 8);
    for (std::size_t i = 0; i < base.size() / 8; ++i) forest.base.push_back(number_at<double>(base, i * 8));
    forest.tree_outputs = numbers(stream((flags & 4U) != 0 ? n_trees : 0, 4), 4);
    std::size_t kind_bytes = 0;
    std::size_t missing_bytes = 0;
    std::size_t n_inner = 0;
    for (const std::uint32_t n : numbers(sizes, 4)) {
      kind_bytes += (n + 7) / 8;
      missing_bytes += (n / 2 + 7) / 8;
      n_inner += n / 2;
    }
    const std::size_t n_leaves = n_inner + n_trees;
    const auto kinds = stream(kind_bytes, 1);
    const auto missing = stream(missing_bytes, 1);
    const auto features = numbers(stream(n_inner, feature_bytes), feature_bytes);
    const auto thresholds = numbers(stream(n_inner, 4), 4);
    const bool has_classes = forest.leaves == LeafKind::classes;
    const bool has_counts = has_classes && packed_.has_weights;
    const std::size_t per_leaf = forest.leaves == LeafKind::number                              ? 1
                                 : has_classes && !packed_.has_weights && forest.n_outputs == 2 ? 1
                                                                                                : forest.n_outputs;
    const std::uint8_t value_bytes = has_counts ? weight_bytes : 4;
    const auto values = numbers(stream(n_leaves * per_leaf, value_bytes), value_bytes);
    const auto weights =
        numbers(stream(packed_.has_weights && !has_classes ? n_leaves : 0, weight_bytes), weight_bytes);
    const bool targets = packed_.has_leaf_targets;
    packed_.leaf_rows = numbers(stream(targets ? n_leaves : 0, 4), 4);
    for (const std::uint32_t bits : numbers(stream(targets ? n_entries : 0, 4), 4)) {
      packed_.targets.push_back(std::bit_cast<float>(bits));
    }
    packed_.multiplicities = numbers(stream(targets ? n_entries : 0, multiplicity_bytes), multiplicity_bytes);
    EXPECT_EQ(at_, bytes_.size());

    std::size_t kind_at = 0;
    std::size_t missing_at = 0;
    std::size_t inner = 0;
    std::size_t leaf = 0;
    for (const std::uint32_t n : numbers(sizes, 4)) {
      std::vector<ModelNode> tree;
      std::uint32_t k = 0;
      for (std::uint32_t i = 0; i < n; ++i) {
        ModelNode node;
        if (bit(kinds, kind_at, i)) {
          node = {static_cast<std::int32_t>(features[inner]), std::bit_cast<float>(thresholds[inner]), 2 * k + 1,
                  bit(missing, missing_at, k) ? 2 * k + 1 : 2 * k + 2, 0};
          ++inner;
          ++k;
        } else {
          if (forest.leaves == LeafKind::number) node.value = std::bit_cast<float>(values[leaf]);
          if (!weights.empty()) node.weight = weights[leaf];
          ++leaf;
        }
        tree.push_back(node);
      }
      check_rest(kinds, kind_at, n);
      check_rest(missing, missing_at, n / 2);
      kind_at += (n + 7) / 8;
      missing_at += (n / 2 + 7) / 8;
      forest.add_tree(tree);
    }
    for (const std::uint32_t value : values) {
      if (has_counts) forest.classes.push_back(value);
      if (forest.leaves == LeafKind::vector) forest.vectors.push_back(std::bit_cast<float>(value));
      if (!has_classes || has_counts) continue;
      const auto second = static_cast<std::uint32_t>(std::bit_cast<float>(value) * 0x1p24F);
      if (per_leaf == 1) packed_.probabilities.push_back((1U << 24U) - second);
      packed_.probabilities.push_back(second);
    }
    return packed_;
  }

 private:
  template <class T>
  T at(std::size_t offset) const {
    return number_at<T>(bytes_, offset);
  }

  std::span<const std::byte> stream(std::size_t n, std::size_t width) {
    for (; at_ % 8 != 0; ++at_) EXPECT_TRUE(any_padding_ || bytes_[at_] == std::byte{});
    const auto found = bytes_.subspan(at_, n * width);
    at_ += found.size();
    return found;
  }

  static std::vector<std::uint32_t> numbers(std::span<const std::byte> from, std::uint8_t width) {
    std::vector<std::uint32_t> all;
    for (std::size_t i = 0; i < from.size(); i += width) {
      all.push_back(width == 1   ? number_at<std::uint8_t>(from, i)
                    : width == 2 ? number_at<std::uint16_t>(from, i)
                                 : number_at<std::uint32_t>(from, i));
    }
    return all;
  }

  static bool bit(std::span<const std::byte> bits, std::size_t first, std::size_t i) {
    return (bits[first + i / 8] & (std::byte{1} << (i % 8))) != std::byte{};
  }
  void check_rest(std::span<const std::byte> bits, std::size_t first, std::size_t n) const {
    for (std::size_t i = n; i % 8 != 0; ++i) EXPECT_TRUE(any_padding_ || !bit(bits, first, i));
  }

  std::span<const std::byte> bytes_;
  bool any_padding_;
  std::size_t at_ = 64;
  Packed packed_;
};

// -- models
Bytes pack(Tenant& tenant, ResourceHandle model, PartFlags parts) {
  Session& session = tenant.session();
  return written<std::byte>(tenant, must(wasi_gpu::model_packed_size(session, model, parts)),
                            [&](BufferId to) { return wasi_gpu::model_pack(session, model, parts, to, 0); });
}

// From a buffer that begins `offset` bytes before.
GpuResult<ResourceHandle> unpack(Tenant& tenant, std::span<const std::byte> bytes, std::size_t offset = 0) {
  Bytes moved(offset, std::byte{0xee});
  moved.insert(moved.end(), bytes.begin(), bytes.end());
  moved.push_back(std::byte{0xee});
  const BufferId buffer = tenant.share(std::move(moved), true);
  auto model = wasi_gpu::model_unpack(tenant.session(), buffer, offset, bytes.size());
  tenant.destroy(buffer);
  return model;
}

std::vector<float> quantiles_of(Tenant& tenant, ResourceHandle model, const Rows& rows) {
  const std::vector<double> quantiles{0, 0.1, 0.5, 0.9, 1};
  const BufferId buffer = share_rows(tenant, rows);
  const Table table = table_of(buffer, rows.size(), static_cast<std::uint32_t>(rows.n_features));
  auto made = written<float>(tenant, quantiles.size() * rows.size(), [&](BufferId to) {
    return wasi_gpu::model_quantiles(tenant.session(), model, table, quantiles, to, 0);
  });
  tenant.destroy(buffer);
  return made;
}

ResourceHandle grow_model(Tenant& tenant, const Case& one, bool leaf_targets) {
  GrowthParams params = growth_params(one);
  params.leaf_targets = leaf_targets;
  return forest_test::grow_model(tenant, one, params);
}

void expect_same_shape(const ForestShape& shape, const ForestShape& own, PartFlags parts) {
  EXPECT_EQ(own.n_trees, shape.n_trees);
  EXPECT_EQ(own.n_features, shape.n_features);
  EXPECT_EQ(own.leaves, shape.leaves);
  EXPECT_EQ(own.n_outputs, shape.n_outputs);
  EXPECT_EQ(own.n_nodes, shape.n_nodes);
  EXPECT_EQ(own.n_leaves, shape.n_leaves);
  EXPECT_EQ(own.numerics, shape.numerics);
  EXPECT_EQ(own.has_weights, has(parts, kWeights));
  EXPECT_EQ(own.has_leaf_targets, has(parts, kLeafTargets));
}

Forest without_weights(Forest forest) {
  for (ModelNode& node : forest.nodes) node.weight = 0;
  forest.classes.clear();
  return forest;
}

// Of a model that `forest` is: what it is packed to, and what becomes of that.
void expect_round_trip(Tenant& tenant, ResourceHandle model, const Forest& forest, const Rows& rows) {
  Session& session = tenant.session();
  const ForestShape shape = must(wasi_gpu::model_shape(session, model));
  const Forest whole = as_model(forest);
  for (const PartFlags parts : {kNothing, kWeights, kLeafTargets, kAll}) {
    if (has(parts, kWeights) && !shape.has_weights) continue;
    if (has(parts, kLeafTargets) && !shape.has_leaf_targets) continue;
    SCOPED_TRACE(testing::Message() << "parts " << static_cast<std::uint32_t>(parts));
    const Forest expected = has(parts, kWeights) ? whole : without_weights(whole);
    const Bytes bytes = pack(tenant, model, parts);
    Packed packed = PackedReader(bytes).read();
    EXPECT_EQ(packed.has_weights, has(parts, kWeights));
    EXPECT_EQ(packed.has_leaf_targets, has(parts, kLeafTargets));
    EXPECT_EQ(packed.forest.average, whole.average);
    EXPECT_EQ(packed.forest.base, whole.base);
    EXPECT_EQ(packed.forest.tree_outputs, whole.tree_outputs);
    ASSERT_NO_FATAL_FAILURE(expect_same(expected, packed.has_weights ? as_model(packed.forest) : packed.forest));
    const ResourceHandle own = must(unpack(tenant, bytes, bytes.size() % 8));
    expect_same_shape(shape, must(wasi_gpu::model_shape(session, own)), parts);
    ASSERT_NO_FATAL_FAILURE(expect_same(expected, read_back(tenant, own, expected)));
    ASSERT_NO_FATAL_FAILURE(expect_predicts(tenant, forest, own, rows));
    if (has(parts, kLeafTargets)) {
      EXPECT_EQ(quantiles_of(tenant, own, rows), quantiles_of(tenant, model, rows));
    }
    EXPECT_EQ(pack(tenant, own, parts), bytes);
    EXPECT_EQ(pack(tenant, own, kNothing), pack(tenant, model, kNothing));
    EXPECT_TRUE(wasi_gpu::model_drop(session, own));
  }
}

class RoundTrips : public testing::TestWithParam<std::uint32_t> {};

TEST_P(RoundTrips, OfCreatedForests) {
  Tenant tenant({.threads = 2});
  for (std::uint32_t i = 0; i < 50; ++i) {
    const std::uint32_t seed = GetParam() * 50 + i;
    SCOPED_TRACE(testing::Message() << "case " << seed);
    Dice dice(seed);
    const Forest forest = some_forest(dice, 9, dice.one_in(3) ? 400 : 30);
    const ResourceHandle model = create(tenant, forest);
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(tenant, model, forest, some_rows(dice, forest, 10)));
    EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
  }
  EXPECT_EQ(tenant.used(), 0U);
}

TEST_P(RoundTrips, OfGrownForests) {
  Tenant tenant({.threads = 2});
  for (std::uint32_t i = 0; i < 20; ++i) {
    const std::uint32_t seed = GetParam() * 20 + i;
    SCOPED_TRACE(testing::Message() << "case " << seed);
    Dice dice(seed);
    const Case one = case_of(seed);
    const std::uint32_t n_classes = one.parameters.n_classes;
    const ResourceHandle model = grow_model(tenant, one, n_classes == 0 && !dice.one_in(3));
    const Forest forest =
        grown_forest(trees_of(tenant, model), static_cast<std::uint32_t>(one.data.columns.size()), n_classes);
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(tenant, model, forest, some_rows(dice, forest, 10)));
    EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
  }
  EXPECT_EQ(tenant.used(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Random, RoundTrips, testing::Range(0U, 5U));

// What leaves keep is what the data say.
TEST(PackedModels, KeepTheTargetsOfLeaves) {
  Tenant tenant({.threads = 2});
  std::uint32_t n_checked = 0;
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "case " << seed);
    const Case one = case_of(seed);
    if (one.parameters.n_classes > 0) continue;
    ++n_checked;
    const ResourceHandle model = grow_model(tenant, one, true);
    const Packed packed = PackedReader(pack(tenant, model, kAll)).read();
    const auto trees = forest_reference::grow(one.data, one.parameters);
    std::vector<std::vector<forest_reference::LeafTarget>> leaves;
    std::vector<std::uint32_t> weights;
    const auto all = forest_reference::leaf_targets(one.data, one.parameters, trees);
    for (std::size_t tree = 0; tree < trees.size(); ++tree) {
      for (std::size_t node = 0; node < trees[tree].size(); ++node) {
        if (trees[tree][node].feature >= 0) continue;
        leaves.push_back(all[tree][node]);
        weights.push_back(trees[tree][node].weight);
        std::ranges::stable_sort(leaves.back(), {}, &forest_reference::LeafTarget::target);
      }
    }
    ASSERT_EQ(packed.leaf_rows.size(), leaves.size());
    std::size_t at = 0;
    for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf) {
      ASSERT_EQ(packed.leaf_rows[leaf], leaves[leaf].size());
      std::vector<std::pair<float, std::uint64_t>> own;
      std::vector<std::pair<float, std::uint64_t>> expected;
      for (const auto& [target, part] : leaves[leaf]) {
        own.emplace_back(packed.targets[at], (std::uint64_t{packed.multiplicities[at]} << 32U) / weights[leaf]);
        expected.emplace_back(target, part);
        ++at;
      }
      EXPECT_TRUE(std::ranges::is_sorted(own, {}, [](const auto& entry) { return entry.first; }));
      std::ranges::sort(own);
      std::ranges::sort(expected);
      ASSERT_EQ(own, expected);
    }
    EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
  }
  EXPECT_GT(n_checked, 10U);
}

// As large as forests are: most of a file is thresholds and values.
TEST(PackedModels, AreSmall) {
  Tenant tenant({.threads = 2});
  Case one;
  Dice dice(9);
  one.data.columns.assign(10, std::vector<float>(20'000));
  for (auto& column : one.data.columns) {
    for (float& value : column) value = static_cast<float>(dice.fraction());
  }
  for (std::size_t row = 0; row < 20'000; ++row) {
    one.data.targets.push_back(static_cast<double>(one.data.columns[0][row] * one.data.columns[1][row]) +
                               dice.fraction());
  }
  one.parameters.n_trees = 4;
  one.parameters.n_draws = 20'000;
  const ResourceHandle model = grow_model(tenant, one, false);
  const auto n_nodes = static_cast<double>(must(wasi_gpu::model_shape(tenant.session(), model)).n_nodes);
  const auto size = [&](PartFlags parts) {
    return static_cast<double>(must(wasi_gpu::model_packed_size(tenant.session(), model, parts))) / n_nodes;
  };
  EXPECT_GT(n_nodes, 80'000);
  EXPECT_LE(size(kNothing), 4.7);
  EXPECT_LE(size(kWeights), 5.2);
}

// -- bytes that are no packed model
// A small one of each kind.
std::vector<Bytes> some_packed_models(Tenant& tenant) {
  std::vector<Bytes> all;
  const auto keep = [&](ResourceHandle model, PartFlags parts) {
    all.push_back(pack(tenant, model, parts));
    EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
  };
  Case one = small_case();
  one.parameters.n_trees = 3;
  one.parameters.n_draws = 20;
  keep(grow_model(tenant, one, true), kAll);
  one.parameters.n_classes = 10;
  one.parameters.max_depth = 2;
  keep(grow_model(tenant, one, false), kWeights);
  keep(grow_model(tenant, one, false), kNothing);
  for (double& target : one.data.targets) target = target > 4 ? 1 : 0;
  one.parameters.n_classes = 2;
  keep(grow_model(tenant, one, false), kNothing);
  keep(grow_model(tenant, one, false), kWeights);
  for (const LeafKind leaves : {LeafKind::number, LeafKind::vector}) {
    Dice dice(2);
    Forest forest{.n_features = 300, .leaves = leaves, .n_outputs = 3, .base = {1, 2, 3}};
    for (std::uint32_t tree = 0; tree < 3; ++tree) {
      forest.add_tree(some_tree(dice, 300, 15));
      if (leaves == LeafKind::number) forest.tree_outputs.push_back(tree);
    }
    for (ModelNode& node : forest.nodes) {
      if (node.feature < 0) node.weight = 1;
    }
    if (leaves == LeafKind::vector) forest.vectors.assign(forest.n_leaves() * 3, 0.5F);
    keep(create(tenant, forest), kWeights);
  }
  return all;
}

TEST(NoPackedModels, ArePartsOfOneOrMore) {
  Tenant tenant;
  for (const Bytes& bytes : some_packed_models(tenant)) {
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      EXPECT_TRUE(is_refused(unpack(tenant, std::span(bytes).first(n)), "the packed model: ")) << n;
      if (n < 64) continue;
      Bytes part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      seal(part);
      EXPECT_TRUE(is_refused(unpack(tenant, part), "the packed model: ")) << n;
    }
    for (std::size_t n = 1; n < 20; ++n) {
      Bytes more = bytes;
      more.resize(bytes.size() + n);
      EXPECT_TRUE(is_refused(unpack(tenant, more), "bytes")) << n;
      seal(more);
      EXPECT_TRUE(is_refused(unpack(tenant, more), "bytes")) << n;
    }
    EXPECT_TRUE(unpack(tenant, bytes));
  }
}

TEST(NoPackedModels, HaveABitThatIsAnother) {
  Tenant tenant;
  for (const Bytes& bytes : some_packed_models(tenant)) {
    Bytes changed = bytes;
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      changed[i / 8] ^= std::byte{1} << (i % 8);
      EXPECT_TRUE(is_refused(unpack(tenant, changed), "the packed model: ")) << "bit " << i % 8 << " of byte " << i / 8;
      changed[i / 8] = bytes[i / 8];
    }
  }
  EXPECT_EQ(tenant.used(), 0U);
}

// A packed model whose checksum is right is refused, or can be used for all: it is what its bytes say.
void expect_good_or_refused(Tenant& tenant, Dice& dice, const Bytes& bytes, std::uint32_t& n_good) {
  Session& session = tenant.session();
  const auto model = unpack(tenant, bytes, dice.number(0, 7));
  if (!model) {
    EXPECT_TRUE(is_refused(model, "the packed model: "));
    EXPECT_EQ(tenant.used(), 0U);
    return;
  }
  ++n_good;
  const ForestShape shape = must(wasi_gpu::model_shape(session, *model));
  const Packed packed = PackedReader(bytes, true).read();
  const Forest& forest = packed.forest;
  const Rows rows = some_rows(dice, forest, shape.n_features > 1000 ? 2 : 9);
  const Predictions made = predict(tenant, *model, rows);
  EXPECT_EQ(made.leaves, reference_leaves(forest, rows));
  if (forest.leaves != LeafKind::classes || packed.has_weights) {
    ASSERT_NO_FATAL_FAILURE(expect_predictions(forest, rows, made));
  }
  if (packed.has_leaf_targets) {
    for (const float value : quantiles_of(tenant, *model, rows)) {
      EXPECT_NE(std::ranges::find(packed.targets, value), packed.targets.end());
    }
  }
  const PartFlags parts{(packed.has_weights ? 1U : 0U) | (packed.has_leaf_targets ? 2U : 0U)};
  const Bytes again = pack(tenant, *model, parts);
  const auto same = unpack(tenant, again);
  EXPECT_TRUE(same);
  if (same) {
    EXPECT_EQ(pack(tenant, *same, parts), again);
    EXPECT_TRUE(wasi_gpu::model_drop(session, *same));
  }
  EXPECT_TRUE(wasi_gpu::model_drop(session, *model));
  EXPECT_EQ(tenant.used(), 0U);
}

TEST(NoPackedModels, AreGoodOrRefusedWhateverTheirBytes) {
  Tenant tenant({.threads = 2});
  const std::vector<Bytes> models = some_packed_models(tenant);
  std::uint32_t n_good = 0;
  constexpr std::uint32_t kCases = 14'000;
  for (std::uint32_t seed = 0; seed < kCases && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "case " << seed);
    Dice dice(seed);
    Bytes bytes = models[seed % models.size()];
    const bool in_header = dice.one_in(3);
    const auto last = static_cast<std::uint32_t>(in_header ? 63 + 12 : bytes.size() - 1);
    for (std::uint32_t n = dice.number(1, 8); n > 0; --n) {
      std::byte& byte = bytes[dice.number(32, last)];
      byte = dice.one_in(2) ? byte ^ (std::byte{1} << dice.number(0, 7)) : static_cast<std::byte>(dice.number(0, 255));
    }
    set_number(bytes, 24, checksum_of(bytes));
    expect_good_or_refused(tenant, dice, bytes, n_good);
  }
  EXPECT_GT(n_good, kCases / 20);
  EXPECT_LT(n_good, kCases);
}

struct WrongModel {
  std::string text;
  std::function<void(Bytes&)> change;
  std::size_t model = 0;  // of some_packed_models
};

TEST(NoPackedModels, SayWhatIsWrong) {
  Tenant tenant;
  const std::vector<Bytes> models = some_packed_models(tenant);
  const auto put = [](std::size_t at, auto value) { return [=](Bytes& bytes) { set_number(bytes, at, value); }; };
  const auto u32 = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  const auto u8 = [](int value) { return static_cast<std::uint8_t>(value); };
  const std::uint64_t nan_base = std::bit_cast<std::uint64_t>(std::nan(""));
  const std::vector<WrongModel> wrong{
      {"it does not begin as a packed model does", put(0, u8('W'))},
      {"version 2; version 1 is understood", put(8, u32(2))},
      {"version 0", put(8, u32(0))},
      {"version 4294967295", put(8, kMost32)},
      {"version 2 of the numerics", put(12, u32(2))},
      {"version 0 of the numerics", put(12, u32(0))},
      {"version 4294967295 of the numerics", put(12, kMost32)},
      {"it has no trees", put(32, u32(0))},
      {"4294967295 trees do not fit", put(32, kMost32)},
      {"tree 3 cannot have 0 nodes", put(32, u32(4))},
      {"bytes", put(32, u32(2))},
      {"features: 0 is not from 1 to 65536", put(36, u32(0))},
      {"features: 65537 is not", put(36, u32(65537))},
      {"features: 4294967295 is not", put(36, kMost32)},
      {"outputs: 0 is not", put(40, u32(0))},
      {"outputs: 65537 is not", put(40, u32(65537)), 6},
      {"outputs: 4294967295 is not", put(40, kMost32), 6},
      {"classes: 1 is not from 2 to 256", put(40, u32(1)), 1},
      {"classes: 257 is not", put(40, u32(257)), 1},
      {"", put(40, u32(65536)), 6},
      {"reserved", put(44, u8(3))},
      {"", put(44, u8(1))},
      {"", put(44, u8(2))},
      {"reserved", put(45, u8(0x29))},
      {"reserved", put(45, u8(0x89))},
      {"probabilities that are no means", put(45, u8(8)), 1},
      {"a base of probabilities", put(45, u8(11)), 1},
      {"tree outputs of leaves that have all", put(45, u8(13)), 1},
      {"no tree outputs", put(45, u8(10)), 5},
      {"leaf targets of leaves without a number", put(45, u8(0x18 + 1)), 1},
      {"bytes of a feature", put(46, u8(2))},
      {"bytes of a feature", put(46, u8(0))},
      {"bytes of a feature", put(46, u8(1)), 5},
      {"bytes of a weight: 3", put(47, u8(3))},
      {"bytes of a weight: 0", put(47, u8(0))},
      {"bytes of a weight: 1", put(47, u8(1)), 2},
      {"", put(47, u8(4))},
      {"entries of leaf targets: 0", put(48, std::uint64_t{0})},
      {"entries of leaf targets: 18446744073709551615", put(48, kMost64)},
      {"entries of leaf targets: 9223372036854775808", put(48, std::uint64_t{1} << 63U)},
      {"bytes", put(48, std::uint64_t{1} << 40U)},
      {"bytes", put(48, std::uint64_t{0xffffffff})},
      {"entries of leaf targets: 1", put(48, std::uint64_t{1}), 1},
      {"bytes of a multiplicity: 8", put(56, u8(8))},
      {"bytes of a multiplicity: 1", put(56, u8(1)), 1},
      {"reserved", put(57, u8(1))},
      {"reserved", put(63, u8(0x80))},
      {"tree 0 cannot have 0 nodes", put(64, u32(0))},
      {"tree 1 cannot have 4294967294 nodes", put(68, u32(0xffff'fffe))},
      {"tree 1 cannot have 4294967295 nodes", put(68, kMost32)},
      {"tree 1 cannot have 15 nodes", put(64, u32(0x7fff'ffff)), 6},
      {"bytes", put(64, u32(1)), 6},
      {"base: output 1 has nan", put(80 + 8, nan_base), 5},
      {"tree 2 adds to output 3 of 3", put(80 + 24 + 8, u32(3)), 5},
      {"tree 0 adds to output 4294967295 of 3", put(80 + 24, kMost32), 5},
  };
  for (const auto& [text, change, model] : wrong) {
    Bytes bytes = models[model];
    change(bytes);
    set_number(bytes, 24, checksum_of(bytes));
    EXPECT_TRUE(is_refused(unpack(tenant, bytes), text)) << text;
  }
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{63}, kMost64, std::uint64_t{1} << 32U}) {
    Bytes bytes = models[0];
    set_number(bytes, 16, size);
    EXPECT_TRUE(is_refused(unpack(tenant, bytes), fmt::format("it should have {} bytes, and has", size)));
  }
  EXPECT_EQ(tenant.used(), 0U);
}

// One tree: x0 <= 0.5 ? 1 : 2, its bytes in full.
Bytes by_hand() {
  Bytes bytes;
  bytes.reserve(256);
  bytes.resize(64);
  const auto add = [&](auto... values) {
    while (bytes.size() % 8 != 0) bytes.push_back({});
    const auto one = [&](auto value) {
      const auto own = std::as_bytes(std::span(&value, 1));
      bytes.insert(bytes.end(), own.begin(), own.end());
    };
    (one(values), ...);
  };
  const std::array<std::uint8_t, 8> magic{0x89, 0x57, 0x47, 0x46, 0x4d, 0x0d, 0x0a, 0x1a};
  std::memcpy(bytes.data(), magic.data(), magic.size());
  for (const std::size_t at : {8U, 12U, 32U, 36U, 40U}) set_number(bytes, at, 1U);
  set_number(bytes, 46, std::uint8_t{1});
  add(3U);               // nodes
  add(std::uint8_t{1});  // kinds: the first is an inner one
  add(std::uint8_t{1});  // missing: left
  add(std::uint8_t{0});  // features
  add(0.5F);             // thresholds
  add(1.0F, 2.0F);       // values
  seal(bytes);
  return bytes;
}

TEST(PackedModels, CanBeMadeByHand) {
  Tenant tenant;
  const ResourceHandle model = must(unpack(tenant, by_hand()));
  EXPECT_EQ(predict(tenant, model, Rows{1, {0.5F, 0.6F, kNan}}).outputs, (std::vector<float>{1, 2, 1}));
  EXPECT_EQ(pack(tenant, model, kNothing), by_hand());
}

TEST(NoPackedModels, HaveTreesThatAreNone) {
  Tenant tenant;
  const auto with = [&](std::size_t at, auto value) {
    Bytes bytes = by_hand();
    set_number(bytes, at, value);
    seal(bytes);
    return unpack(tenant, bytes);
  };
  const auto bits = [](int value) { return static_cast<std::uint8_t>(value); };
  EXPECT_TRUE(is_refused(with(72, bits(0)), "tree 0, node 1: no node before it is its parent"));
  EXPECT_TRUE(is_refused(with(72, bits(2)), "tree 0, node 1"));
  EXPECT_TRUE(is_refused(with(72, bits(3)), "tree 0, node 1: its children lie outside the tree"));
  EXPECT_TRUE(is_refused(with(72, bits(5)), "tree 0, node 2: its children lie outside the tree"));
  EXPECT_TRUE(is_refused(with(88, bits(1)), "tree 0, node 0: feature 1 is not one of 1"));
  EXPECT_TRUE(is_refused(with(96, kNan), "tree 0, node 0: the threshold is not a number"));
  EXPECT_TRUE(with(96, kInfinity));
  EXPECT_TRUE(is_refused(with(104, kInfinity), "tree 0, node 1: a number of the leaf is inf"));
  EXPECT_TRUE(is_refused(with(108, -kNan), "tree 0, node 2: a number of the leaf is"));
}

// Weights and targets of leaves, each of the first model's streams in turn.
TEST(NoPackedModels, HaveLeavesThatCannotBe) {
  Tenant tenant;
  Forest forest;
  forest.add_tree({{0, 0, 1, 2, 0}, {-1, 1, 0, 0, 100'000}, {-1, 2, 0, 0, 7}});
  const Bytes weights = pack(tenant, create(tenant, forest), kWeights);
  const auto with = [&](const Bytes& of, std::size_t at, auto value) {
    Bytes bytes = of;
    set_number(bytes, at, value);
    set_number(bytes, 24, checksum_of(bytes));
    return unpack(tenant, bytes);
  };
  const std::size_t of_leaves = weights.size() - 8;
  EXPECT_EQ(number_at<std::uint32_t>(weights, of_leaves), 100'000U);
  EXPECT_TRUE(with(weights, of_leaves, kMost32 - 7));
  EXPECT_TRUE(is_refused(with(weights, of_leaves, kMost32 - 6), "tree 0, node 0: its leaves weigh"));

  Case one = small_case();
  one.parameters.max_depth = 0;
  one.parameters.n_draws = 20;
  const Bytes targets = pack(tenant, grow_model(tenant, one, true), kLeafTargets);
  const Packed packed = PackedReader(targets).read();
  const std::uint64_t n = packed.targets.size();
  const std::size_t multiplicities = targets.size() - n;
  const std::size_t first = multiplicities / 8 * 8 - (n * 4 + 7) / 8 * 8;
  ASSERT_EQ(number_at<float>(targets, first), packed.targets[0]);
  EXPECT_TRUE(is_refused(with(targets, multiplicities, std::uint8_t{0}), "leaf 0 has a target without weight"));
  EXPECT_TRUE(is_refused(with(targets, first, kNan), "a leaf's target is nan"));
  EXPECT_TRUE(is_refused(with(targets, first, kInfinity), "a leaf's target is inf"));
  EXPECT_TRUE(is_refused(with(targets, first, 10.0F), "the targets of leaf 0 do not ascend"));
  EXPECT_TRUE(is_refused(with(targets, first - 8, static_cast<std::uint32_t>(n - 1)), "targets"));
  EXPECT_TRUE(is_refused(with(targets, first - 8, static_cast<std::uint32_t>(n + 1)), "targets"));
  EXPECT_TRUE(is_refused(with(targets, first - 8, 0U), "leaf 0 has no targets"));
  EXPECT_TRUE(is_refused(with(targets, first - 8, kMost32), "targets"));
}

TEST(PackedModels, TakeWhatIsLeftOfTheQuotaOrNothing) {
  std::vector<Bytes> models;
  {
    Tenant tenant;
    models = some_packed_models(tenant);
  }
  for (const Bytes& bytes : models) {
    std::uint64_t needed = 0;
    for (std::uint64_t quota = 16; needed == 0 && quota < 100'000; quota += quota / 8 + 8) {
      Tenant tenant({.memory = quota});
      const auto model = unpack(tenant, bytes);
      if (model) {
        needed = tenant.used();
        EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), *model));
      } else {
        EXPECT_TRUE(is_refused(model, "", GpuErrorCode::out_of_memory));
      }
      EXPECT_EQ(tenant.used(), 0U);
    }
    EXPECT_GT(needed, 100U);
  }
}

// -- large ones
// Its leaves are numbers.
Forest forest_of_a_tree(std::uint32_t n_features, std::uint32_t n_nodes) {
  Dice dice(n_nodes);
  Forest forest{.n_features = n_features};
  forest.add_tree(some_tree(dice, n_features, n_nodes));
  for (ModelNode& node : forest.nodes) {
    if (node.feature < 0) node.value = static_cast<float>(dice.fraction());
  }
  return forest;
}

TEST(PackedModels, MayHaveTreesOfAnySize) {
  Tenant tenant;
  Dice dice(1);
  for (std::uint32_t n_nodes = 1; n_nodes < 400; n_nodes += 2) {
    SCOPED_TRACE(testing::Message() << n_nodes << " nodes");
    const Forest forest = forest_of_a_tree(dice.one_in(2) ? 256 : 65536, n_nodes);
    const ResourceHandle model = create(tenant, forest);
    ASSERT_NO_FATAL_FAILURE(expect_round_trip(tenant, model, forest, some_rows(dice, forest, 2)));
    EXPECT_TRUE(wasi_gpu::model_drop(tenant.session(), model));
  }
}

// Whichever node it is.
TEST(NoPackedModels, SayWhichOfManyNodesIsWrong) {
  Tenant tenant;
  constexpr std::uint32_t kNodes = 333;
  const Forest forest = forest_of_a_tree(200, kNodes);
  const Bytes bytes = pack(tenant, create(tenant, forest), kNothing);
  const std::size_t kinds = 72;
  const std::size_t features = kinds + 48 + 24;
  const std::size_t thresholds = features + 168;
  const std::size_t values = thresholds + 664;
  const auto with = [&](std::size_t at, auto value) {
    Bytes changed = bytes;
    set_number(changed, at, value);
    seal(changed);
    return unpack(tenant, changed);
  };
  ASSERT_EQ(values + 672, bytes.size());
  std::size_t inner = 0;
  std::size_t leaf = 0;
  for (std::uint32_t node = 0; node < kNodes; ++node) {
    const std::string place = fmt::format("tree 0, node {}: ", node);
    if (forest.nodes[node].feature >= 0) {
      EXPECT_TRUE(is_refused(with(features + inner, std::uint8_t{200}), place + "feature 200 is not one of 200"));
      EXPECT_TRUE(is_refused(with(thresholds + inner * 4, -kNan), place + "the threshold is not a number"));
      EXPECT_TRUE(with(thresholds + inner * 4, -kInfinity));
      ++inner;
    } else {
      EXPECT_TRUE(is_refused(with(values + leaf * 4, -kInfinity), place + "a number of the leaf is -inf"));
      EXPECT_TRUE(is_refused(with(values + leaf * 4, kNan), place + "a number of the leaf is nan"));
      ++leaf;
    }
  }
}

Forest deep_chain(std::uint32_t depth) {
  Forest forest;
  Dice dice(1);
  auto nodes = some_tree(dice, 1, 2 * depth + 1, Growth::chain);
  for (ModelNode& node : nodes) node.value = node.feature < 0 ? 1.0F : kInfinity;
  nodes.back().value = 2;
  forest.add_tree(nodes);
  return forest;
}

TEST(PackedModels, MayBeChains) {
  Tenant tenant({.threads = 2});
  const Forest forest = deep_chain(1'000'000);
  const Bytes bytes = pack(tenant, create(tenant, forest), kNothing);
  const ResourceHandle model = must(unpack(tenant, bytes));
  expect_same(forest, read_back(tenant, model, forest));
  ASSERT_NO_FATAL_FAILURE(expect_predicts(tenant, forest, model, Rows{1, {0, 1, kNan}}));
  EXPECT_EQ(pack(tenant, model, kNothing), bytes);
}

TEST(PackInterrupts, EndPackingAndUnpacking) {
  constexpr std::uint32_t kNodes = 2'000'001;
  Forest forest;
  Dice dice(1);
  forest.add_tree(some_tree(dice, 1, kNodes));
  Tenant first;
  const Bytes bytes = pack(first, create(first, forest), kNothing);
  for (const int after : {-1, 0, 3, 10, 20}) {
    for (const bool is_unpacked : {false, true}) {
      Tenant tenant({.threads = 2});
      Session& session = tenant.session();
      const ResourceHandle model = create(tenant, forest);
      const std::uint64_t used = tenant.used();
      const BufferId from = buffer_of(tenant, bytes);
      const BufferId to = tenant.share(Bytes(bytes.size()));
      if (after < 0) session.interrupt().request();
      std::thread interrupter([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(after));
        session.interrupt().request();
      });
      if (is_unpacked) {
        const auto made = wasi_gpu::model_unpack(session, from, 0, bytes.size());
        EXPECT_TRUE(!made || after >= 0);
        if (made) {
          EXPECT_TRUE(wasi_gpu::model_drop(session, *made));
        }
      } else {
        EXPECT_TRUE(!wasi_gpu::model_pack(session, model, kNothing, to, 0) || after >= 0);
      }
      interrupter.join();
      EXPECT_EQ(tenant.used(), used);
      EXPECT_TRUE(wasi_gpu::model_drop(session, model));
      EXPECT_EQ(tenant.used(), 0U);
    }
  }
}

// -- files that are kept: packed models of each version, and what they predict. With the environment variable
// WGH_WRITE_PACKED_MODELS the test writes those of today's version to that folder, and nothing else.
struct KeptModel {
  std::string name;
  std::function<ResourceHandle(Tenant&)> make;
  PartFlags parts;
};

Case kept_case(std::uint32_t n_classes) {
  Case one = small_case();
  one.parameters.n_trees = 4;
  one.parameters.n_draws = 20;
  one.parameters.n_classes = n_classes;
  for (std::size_t row = 0; row < one.data.targets.size(); ++row) {
    if (row % 7 == 0) one.data.columns[1][row] = kNan;
    if (n_classes > 0)
      one.data.targets[row] = static_cast<double>(static_cast<std::uint32_t>(one.data.targets[row]) % n_classes);
  }
  return one;
}

Forest kept_forest(LeafKind leaves) {
  Dice dice(5);
  Forest forest{.n_features = leaves == LeafKind::vector ? 300U : 4U, .leaves = leaves, .n_outputs = 3};
  forest.average = leaves == LeafKind::number;
  forest.base = {0.5, -100, 1e-9};
  for (std::uint32_t tree = 0; tree < 5; ++tree) {
    forest.add_tree(some_tree(dice, forest.n_features, 2 * tree + 1));
    if (leaves == LeafKind::number) forest.tree_outputs.push_back(tree % 3);
  }
  for (ModelNode& node : forest.nodes) {
    if (node.feature < 0 && leaves == LeafKind::number) node.value = static_cast<float>(dice.fraction());
    if (node.feature < 0) node.weight = dice.number(1, 500);
  }
  for (std::size_t i = 0; i < forest.n_leaves() * 3 && leaves == LeafKind::vector; ++i) {
    forest.vectors.push_back(some_number(dice));
  }
  return forest;
}

const std::vector<KeptModel>& kept_models() {
  static const std::vector<KeptModel> models{
      {"regression", [](Tenant& tenant) { return grow_model(tenant, kept_case(0), true); }, kAll},
      {"two_classes", [](Tenant& tenant) { return grow_model(tenant, kept_case(2), false); }, kNothing},
      {"five_classes", [](Tenant& tenant) { return grow_model(tenant, kept_case(5), false); }, kWeights},
      {"five_probabilities", [](Tenant& tenant) { return grow_model(tenant, kept_case(5), false); }, kNothing},
      {"three_outputs", [](Tenant& tenant) { return create(tenant, kept_forest(LeafKind::number)); }, kWeights},
      {"vectors", [](Tenant& tenant) { return create(tenant, kept_forest(LeafKind::vector)); }, kNothing},
  };
  return models;
}

// Rows for every kept model, the same for ever.
Rows kept_rows(std::uint32_t n_features) {
  Rows rows{.n_features = n_features};
  for (std::uint32_t row = 0; row < 40; ++row) {
    for (std::uint32_t feature = 0; feature < n_features; ++feature) {
      const std::uint32_t number = row * 37 + feature * 11;
      rows.values.push_back(number % 13 == 12 ? kNan : static_cast<float>(number % 101) / 64 - 0.25F);
    }
  }
  return rows;
}

// Outputs, and quantiles where there are any.
Bytes kept_predictions(Tenant& tenant, ResourceHandle model) {
  const ForestShape shape = must(wasi_gpu::model_shape(tenant.session(), model));
  const Rows rows = kept_rows(shape.n_features);
  std::vector<float> all = predict(tenant, model, rows).outputs;
  if (shape.has_leaf_targets) {
    const std::vector<float> quantiles = quantiles_of(tenant, model, rows);
    all.insert(all.end(), quantiles.begin(), quantiles.end());
  }
  const auto bytes = std::as_bytes(std::span(all));
  return {bytes.begin(), bytes.end()};
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> read{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto bytes = std::as_bytes(std::span(read));
  return {bytes.begin(), bytes.end()};
}

void write_file(const std::filesystem::path& path, const Bytes& bytes) {
  std::ofstream file(path, std::ios::binary);
  std::ranges::transform(bytes, std::ostreambuf_iterator<char>(file),
                         [](std::byte byte) { return std::to_integer<char>(byte); });
  ASSERT_TRUE(file.good());
}

TEST(KeptModels, AreReadAndPredictForEver) {
  const std::filesystem::path folder = WGH_PACKED_MODELS;
  Tenant tenant({.threads = 2});
  std::uint32_t n_read = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".model") continue;
    SCOPED_TRACE(entry.path().filename().string());
    ++n_read;
    std::filesystem::path expected = entry.path();
    expected.replace_extension(".predictions");
    const ResourceHandle model = must(unpack(tenant, read_file(entry.path())));
    EXPECT_EQ(kept_predictions(tenant, model), read_file(expected));
  }
  EXPECT_GE(n_read, kept_models().size());
}

// Today's version is still what it was.
TEST(KeptModels, ArePackedTheSame) {
  constexpr std::string_view kVersion = "v1_";
  Tenant tenant({.threads = 2});
  if (const char* const folder = std::getenv("WGH_WRITE_PACKED_MODELS")) {
    for (const auto& [name, make, parts] : kept_models()) {
      const ResourceHandle model = make(tenant);
      const std::filesystem::path path = std::filesystem::path(folder) / fmt::format("{}{}", kVersion, name);
      write_file(path.string() + ".model", pack(tenant, model, parts));
      write_file(path.string() + ".predictions", kept_predictions(tenant, model));
    }
    GTEST_SKIP() << "written";
  }
  for (const auto& [name, make, parts] : kept_models()) {
    SCOPED_TRACE(name);
    const std::filesystem::path path =
        std::filesystem::path(WGH_PACKED_MODELS) / fmt::format("{}{}.model", kVersion, name);
    const ResourceHandle model = must(unpack(tenant, read_file(path)));
    EXPECT_EQ(pack(tenant, model, parts), read_file(path));
    const ResourceHandle made = make(tenant);
    EXPECT_EQ(pack(tenant, made, parts), read_file(path));
  }
}

}  // namespace
}  // namespace gpu_host::forest_test
