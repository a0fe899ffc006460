// Models that every backend grows, to the last bit, now and later: a hash of each. Where the definition changes
// (docs/forest-numerics.md, and with it the reference), the failure has the new table, to be pasted here.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "common/backends.hpp"
#include "common/require_backend.hpp"
#include "forest/interface.hpp"
#include "forest/threefry.hpp"

namespace gpu_host::forest_test {
namespace {

enum class Weights : std::uint8_t { none, draw, criterion, both };

struct Golden {
  std::uint32_t n_rows = 1000;
  std::uint32_t n_features = 6;
  std::uint32_t n_classes = 0;
  std::uint32_t missing = 0;  // of 100 values
  Weights weights = Weights::none;
  std::uint32_t max_bins = 255;
  bool fine = true;
  std::uint32_t max_features = 0;  // 0: all
  std::uint32_t max_depth = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t min_samples_split = 2;
  std::uint32_t min_samples_leaf = 1;
  double min_weight_fraction_leaf = 0;
  double min_impurity_decrease = 0;
  std::uint32_t n_draws = 1000;  // 0: all rows, once
  bool balanced_subsample = false;
  std::uint32_t n_trees = 4;
  bool heavy_tail = false;
};

struct Entry {
  Golden golden;
  std::uint64_t hash;
};

// The table: what is grown, and the hash of it.
const std::vector<Entry>& table() {
  static const std::vector<Entry> entries{
#include "forest/golden.inc"
  };
  return entries;
}

// Random words, by counters: the same on every machine.
class WordsOf {
 public:
  explicit WordsOf(std::uint32_t number) : key_{number, 7} {}
  std::uint32_t next() { return forest::threefry(key_, at_++, 0).low; }
  std::uint32_t below(std::uint32_t n) { return forest::below(n, next()); }

 private:
  forest::Key key_;
  std::uint32_t at_ = 0;
};

// Values and targets are whole numbers, or such by a power of two: no rounding depends on a compiler.
Case case_of(const Golden& golden, std::uint32_t number) {
  WordsOf words(number);
  Case one;
  for (std::uint32_t feature = 0; feature < golden.n_features; ++feature) {
    std::vector<float> column(golden.n_rows);
    for (float& value : column) {
      const std::uint32_t word = words.next() >> 8U;
      constexpr float kUnit = 0x1p-24F;
      constexpr std::uint32_t kFew = 12;
      switch (feature % 4) {
        case 0:
          value = static_cast<float>(word) * kUnit;
          break;
        case 1:
          value = static_cast<float>(word % kFew);
          break;
        case 2:  // half of it zeros, the rest over many powers of two
          value = word % 2 == 0 ? -0.0F : std::ldexp(static_cast<float>(word), static_cast<int>(word % 40) - 60);
          break;
        default:
          value = -static_cast<float>(word) * (word % 100 == 0 ? 1.0F : kUnit);
      }
      if (words.below(100) < golden.missing) value = std::numeric_limits<float>::quiet_NaN();
    }
    one.data.columns.push_back(std::move(column));
  }
  for (std::uint32_t row = 0; row < golden.n_rows; ++row) {
    const auto level = [&](std::uint32_t feature) {
      const float value = one.data.columns[feature % golden.n_features][row];
      return std::isnan(value) ? 5 : static_cast<std::int64_t>(value * (feature == 0 ? 16.0F : 1.0F));
    };
    std::int64_t target = level(0) * level(0) * 8 + level(1) * 40 + std::int64_t{words.below(64)};
    if (golden.heavy_tail && words.below(500) == 0) target *= 1'000'000;
    if (golden.n_classes > 0) target = target / 8 % golden.n_classes;
    one.data.targets.push_back(static_cast<double>(target));
  }
  const auto weights = [&] {
    std::vector<double> some(golden.n_rows);
    for (double& weight : some) weight = words.below(5) == 0 ? 0 : words.below(1000) + 1;
    return some;
  };
  if (golden.weights == Weights::draw || golden.weights == Weights::both) one.data.draw_weights = weights();
  if (golden.weights == Weights::criterion || golden.weights == Weights::both) one.data.criterion_weights = weights();
  auto& parameters = one.parameters;
  parameters.seed = std::uint64_t{number} << 32U | 20;
  parameters.n_trees = golden.n_trees;
  parameters.n_classes = golden.n_classes;
  parameters.max_bins = golden.max_bins;
  parameters.fine = golden.fine;
  parameters.max_features = golden.max_features;
  parameters.max_depth = golden.max_depth;
  parameters.min_samples_split = golden.min_samples_split;
  parameters.min_samples_leaf = golden.min_samples_leaf;
  parameters.min_weight_fraction_leaf = golden.min_weight_fraction_leaf;
  parameters.min_impurity_decrease = golden.min_impurity_decrease;
  if (golden.n_draws > 0) parameters.n_draws = golden.n_draws;
  parameters.balanced_subsample = golden.balanced_subsample;
  return one;
}

// FNV-1a of the words of a model: offsets, nodes, classes.
class Hash {
 public:
  template <class T>
  void add(const std::vector<T>& values) {
    for (const std::byte byte : std::as_bytes(std::span(values))) {
      hash_ = (hash_ ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3;
    }
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

std::uint64_t hash_of(const Trees& trees) {
  Hash hash;
  hash.add(trees.offsets);
  hash.add(trees.nodes);
  hash.add(trees.leaf_classes);
  return hash.value();
}

// A line of the table.
std::string line_of(const Golden& golden, std::uint64_t hash) {
  const Golden usual;
  std::string text;
  const auto add = [&](std::string_view name, const auto& value, const auto& of_usual) {
    if (value != of_usual) text += fmt::format("{}.{} = {}", text.empty() ? "" : ", ", name, value);
  };
  constexpr std::array<std::string_view, 4> kWeights{"none", "draw", "criterion", "both"};
  add("n_rows", golden.n_rows, usual.n_rows);
  add("n_features", golden.n_features, usual.n_features);
  add("n_classes", golden.n_classes, usual.n_classes);
  add("missing", golden.missing, usual.missing);
  const auto weights = [&kWeights](Weights kind) {
    return fmt::format("Weights::{}", kWeights.at(static_cast<std::size_t>(kind)));
  };
  add("weights", weights(golden.weights), weights(usual.weights));
  add("max_bins", golden.max_bins, usual.max_bins);
  add("fine", golden.fine, usual.fine);
  add("max_features", golden.max_features, usual.max_features);
  add("max_depth", golden.max_depth, usual.max_depth);
  add("min_samples_split", golden.min_samples_split, usual.min_samples_split);
  add("min_samples_leaf", golden.min_samples_leaf, usual.min_samples_leaf);
  add("min_weight_fraction_leaf", golden.min_weight_fraction_leaf, usual.min_weight_fraction_leaf);
  add("min_impurity_decrease", golden.min_impurity_decrease, usual.min_impurity_decrease);
  add("n_draws", golden.n_draws, usual.n_draws);
  add("balanced_subsample", golden.balanced_subsample, usual.balanced_subsample);
  add("n_trees", golden.n_trees, usual.n_trees);
  add("heavy_tail", golden.heavy_tail, usual.heavy_tail);
  return fmt::format("{{{{{}}}, {:#018x}}},\n", text, hash);
}

class GoldenModels : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto& [device, reason] = test::usable_device(GetParam());
    if (device == nullptr) return test::skip_without(GetParam(), reason);
    if (must(device->create_stream({}))->forests() == nullptr) GTEST_SKIP() << GetParam() << " grows no forests";
  }
};

TEST_P(GoldenModels, AreGrown) {
  Tenant tenant({.threads = 2, .memory = {}, .backend = GetParam()});
  std::string own;
  std::uint32_t n_wrong = 0;
  for (std::uint32_t number = 0; number < table().size(); ++number) {
    const auto& [golden, hash] = table()[number];
    const std::uint64_t grown = hash_of(grow(tenant, case_of(golden, number)));
    own += line_of(golden, grown);
    n_wrong += grown == hash ? 0 : 1;
  }
  EXPECT_EQ(n_wrong, 0U) << "models differ; golden.inc would be\n" << own;
}

INSTANTIATE_TEST_SUITE_P(Backends, GoldenModels, testing::ValuesIn(test::backend_names()), test::backend_test_name);

// Where they are hashes of.
TEST(GoldenModels, AreTheReferences) {
  for (std::uint32_t number = 0; number < table().size(); ++number) {
    const auto& [golden, hash] = table()[number];
    constexpr std::uint32_t kMostRows = 3000;  // of one that is slow
    if (golden.n_rows > kMostRows || golden.n_classes > 100) continue;
    const Case one = case_of(golden, number);
    EXPECT_EQ(hash_of(trees_of(forest_reference::grow(one.data, one.parameters), golden.n_classes)), hash)
        << "model " << number;
  }
}

}  // namespace
}  // namespace gpu_host::forest_test
