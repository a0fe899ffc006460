#include "backend/cpu/forest/packing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/cpu/forest/first_problem.hpp"
#include "backend/cpu/forest/unpack_loops.hpp"
#include "forest/model.hpp"

namespace gpu_host::cpu {
namespace {

using forest::PackedLayout;
using forest::PackedLeaves;
using forest::PackedShape;
using forest::PackedStream;

template <class T>
class Reader {
 public:
  explicit Reader(const std::byte* from) : from_(from) {}
  T operator[](std::uint64_t at) const {
    T value;
    std::memcpy(&value, from_ + at * sizeof(T), sizeof(T));
    return value;
  }

 private:
  const std::byte* from_;
};

// visit(Reader<T>), of the width.
template <class Visit>
auto with_reader(const std::byte* from, std::uint8_t width, const Visit& visit) {
  if (width == 1) return visit(Reader<std::uint8_t>(from));
  if (width == 2) return visit(Reader<std::uint16_t>(from));
  return visit(Reader<std::uint32_t>(from));
}

std::string classes_weigh(std::uint64_t sum) { return fmt::format("the classes weigh {}, not 1 to 2^32 - 1", sum); }

// One that cannot be.
std::string number_is(float number) {
  if (std::isfinite(number)) return fmt::format("{} is no probability of a leaf", number);
  return fmt::format("a number of the leaf is {}", number);
}

bool has_bit(const std::byte* bits, std::uint32_t i) { return (bits[i / 8] >> (i % 8) & std::byte{1}) != std::byte{}; }

// `n` bits from the `first` on, 64 at most; above them lie others.
std::uint64_t bits_from(const std::byte* bits, std::uint32_t first, std::uint32_t n) {
  const std::byte* const from = bits + first / 8;
  const std::uint32_t skipped = first % 8;
  const std::uint32_t n_bytes = (skipped + n + 7) / 8;
  std::uint64_t word = 0;
  std::memcpy(&word, from, std::min(n_bytes, 8U));
  word >>= skipped;
  if (n_bytes > 8) word |= std::to_integer<std::uint64_t>(from[8]) << (64 - skipped);
  return word;
}

// Calls take(i) for each bit that is set, from the lowest on.
template <class Take>
void for_bits(std::uint64_t bits, const Take& take) {
  for (; bits != 0; bits &= bits - 1) take(static_cast<std::uint32_t>(std::countr_zero(bits)));
}

// The trees of a packed model.
class Unpacking {
 public:
  Unpacking(const PackedLayout& layout, const std::byte* from, ModelTrees& to)
      : layout_(layout), from_(from), to_(to) {}

  // What is wrong with the tree, or nothing; in part where the poll says to stop.
  template <class Nodes>
  std::string tree(const Nodes& nodes, std::size_t tree, Magnitudes& magnitudes, Poll& poll) const {
    const PackedShape& packed = layout_.shape;
    return with_reader(stream(PackedStream::features), packed.feature_bytes, [&](const auto& features) {
      return with_reader(stream(PackedStream::leaf_values), value_bytes(), [&](const auto& values) {
        std::string wrong = read(nodes, tree, features, values, magnitudes, poll);
        if (wrong.empty() && to_.shape.has_weights) wrong = weights(tree, poll);
        return wrong;
      });
    });
  }

 private:
  [[nodiscard]] const std::byte* stream(PackedStream which) const { return from_ + layout_.begin(which); }
  [[nodiscard]] bool has_counts() const {
    return layout_.shape.leaves == PackedLeaves::classes && layout_.shape.has_weights;
  }
  [[nodiscard]] std::uint8_t value_bytes() const { return has_counts() ? layout_.shape.weight_bytes : sizeof(float); }

  // Up to kWordNodes nodes of a tree, and what lies before them.
  struct Word {
    std::uint32_t first;
    std::uint64_t inner;
    std::uint64_t leaves;
    std::uint32_t n_inner;      // in the tree
    std::uint64_t first_inner;  // in the forest
    std::uint64_t first_leaf;   // in the forest
    const std::byte* missing;   // of the tree
  };

  // Without a branch for each node. False where anything is wrong with one.
  bool read_numbers(const NarrowNodes& tree, const Word& word, Magnitudes& magnitudes) const {
    const UnpackLoops& loops = unpack_loops();
    const auto n_inner = static_cast<std::uint32_t>(std::popcount(word.inner));
    const std::uint8_t feature_bytes = layout_.shape.feature_bytes;
    const PackedInner packed{.features = stream(PackedStream::features) + word.first_inner * feature_bytes,
                             .feature_bytes = feature_bytes,
                             .thresholds = stream(PackedStream::thresholds) + word.first_inner * sizeof(float),
                             .missing = bits_from(word.missing, word.n_inner, n_inner),
                             .n = n_inner,
                             .first_child = 2 * word.n_inner + 1,
                             .n_features = to_.shape.n_features};
    UnpackedNodes inner;
    const std::byte* const numbers = stream(PackedStream::leaf_values) + word.first_leaf * sizeof(float);
    const auto n_leaves = static_cast<std::uint32_t>(std::popcount(word.leaves));
    if (!loops.inner(packed, tree, inner) || !loops.numbers(numbers, n_leaves, magnitudes)) return false;
    std::uint32_t at = 0;
    for_bits(word.inner, [&, nodes = tree](std::uint32_t i) {
      nodes.put(word.first + i, {inner.values[at], inner.bits[at]});
      ++at;
    });
    const Reader<std::uint32_t> values(numbers);
    std::uint32_t leaf = 0;
    for_bits(word.leaves, [&, nodes = tree, n_features = to_.shape.n_features](std::uint32_t i) {
      nodes.set(word.first + i, WalkNode{values[leaf++], n_features, word.first + i, false});
    });
    return true;
  }

  // What many nodes need lies in copies that no store to a node can change.
  template <class Nodes, class Features, class Values>
  std::string read(Nodes nodes, std::size_t tree, Features features, Values values, Magnitudes& magnitudes,
                   Poll& poll) const {
    const TreesShape& shape = to_.shape;
    const std::uint32_t n_features = shape.n_features;
    const bool is_inline = shape.is_inline();
    const bool are_counts = has_counts();
    const bool are_probabilities = shape.leaves == LeafKind::classes;
    std::uint32_t* const leaf_classes = to_.leaf_classes.get();
    const std::uint64_t word_work = std::uint64_t{kWordNodes} * shape.tree_numbers();
    const std::uint64_t first = shape.offsets[tree];
    const auto n_nodes = static_cast<std::uint32_t>(shape.offsets[tree + 1] - first);
    const std::uint64_t first_inner = forest::first_inner(first, tree);
    const std::uint64_t first_leaf = shape.first_leaf(tree);
    const std::byte* const kinds = stream(PackedStream::kinds) + layout_.trees[tree].kinds;
    const std::byte* const missing = stream(PackedStream::missing) + layout_.trees[tree].missing;
    const Reader<float> thresholds(stream(PackedStream::thresholds));
    const Reader<float> numbers(stream(PackedStream::leaf_values));
    const auto problem = [&](std::uint32_t node, const std::string& what) {
      return fmt::format("tree {}, node {}: {}", tree, node, what);
    };
    const std::uint32_t most_inner = n_nodes / 2;
    std::uint32_t n_inner = 0;
    std::uint32_t n_leaves = 0;
    Magnitudes own;  // of numbers that nodes keep
    Magnitudes others;
    for (std::uint32_t word = 0; word < n_nodes; word += kWordNodes) {
      if (poll.stop(word_work)) return {};
      const std::uint32_t n = std::min(kWordNodes, n_nodes - word);
      std::uint64_t bits = 0;
      std::memcpy(&bits, kinds + word / 8, (n + 7) / 8);
      const std::uint64_t all = n == kWordNodes ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
      if constexpr (std::is_same_v<Nodes, NarrowNodes>) {
        const auto inner_here = static_cast<std::uint32_t>(std::popcount(bits & all));
        // Those before the word are enough, for its last node too.
        const bool has_parents = word + n - 1 <= 2 * n_inner;
        if (shape.leaves == LeafKind::number && has_parents && inner_here <= most_inner - n_inner &&
            read_numbers(nodes.from(first),
                         {.first = word,
                          .inner = bits & all,
                          .leaves = ~bits & all,
                          .n_inner = n_inner,
                          .first_inner = first_inner + n_inner,
                          .first_leaf = first_leaf + n_leaves,
                          .missing = missing},
                         own)) {
          n_inner += inner_here;
          n_leaves += n - inner_here;
          continue;
        }
      }
      // Node by node: so what is wrong is known.
      for (std::uint64_t left = bits & all; left != 0; left &= left - 1) {
        const std::uint32_t i = word + static_cast<std::uint32_t>(std::countr_zero(left));
        if (i > 2 * n_inner) return problem(i, "no node before it is its parent");
        if (n_inner == most_inner) return problem(i, "its children lie outside the tree");
        const std::uint32_t feature = features[first_inner + n_inner];
        if (feature >= n_features) {
          return problem(i, fmt::format("feature {} is not one of {}", feature, n_features));
        }
        const float threshold = thresholds[first_inner + n_inner];
        if (std::isnan(threshold)) return problem(i, "the threshold is not a number");
        nodes.set(first + i, {ordered_bits(threshold), feature, 2 * n_inner + 1, has_bit(missing, n_inner)});
        ++n_inner;
      }
      for (std::uint64_t left = ~bits & all; left != 0; left &= left - 1) {
        const std::uint32_t i = word + static_cast<std::uint32_t>(std::countr_zero(left));
        if (2 * n_leaves > i) return problem(i, "no node before it is its parent");
        const std::uint64_t leaf = first_leaf + n_leaves;
        auto value = static_cast<std::uint32_t>(leaf);
        if (!is_inline) {
          if (std::string wrong = read_leaf(values, leaf, others); !wrong.empty()) return problem(i, wrong);
        } else if (are_counts) {
          const std::uint32_t weight = leaf_classes[leaf * 2 + 1] = values[leaf * 2 + 1];
          const std::uint64_t sum = std::uint64_t{leaf_classes[leaf * 2] = values[leaf * 2]} + weight;
          if (sum - 1 >= kMostWeight) return problem(i, classes_weigh(sum));
          value = std::bit_cast<std::uint32_t>(probability(weight, sum));
        } else {
          const float number = numbers[leaf];
          if (!can_be_of_leaf(number, are_probabilities)) return problem(i, number_is(number));
          own.add(number);
          value = std::bit_cast<std::uint32_t>(number);
        }
        nodes.set(first + i, {value, n_features, i, false});
        ++n_leaves;
      }
    }
    magnitudes = own;
    magnitudes.add(others);
    return {};
  }

  // Of leaves that are no classes: they are put where they belong. Of all: together they are less than 2^32.
  std::string weights(std::size_t tree, Poll& poll) const {
    const TreesShape& shape = to_.shape;
    const std::uint64_t begin = shape.first_leaf(tree);
    const std::uint64_t end = shape.first_leaf(tree + 1);
    std::uint64_t sum = 0;
    if (has_counts()) {
      const std::uint64_t n_classes = shape.n_outputs;
      for (std::uint64_t k = begin * n_classes; k < end * n_classes; ++k) sum += to_.leaf_classes[k];
    } else {
      std::memcpy(to_.leaf_weights.from(begin), stream(PackedStream::weights) + begin * shape.weight_bytes,
                  (end - begin) * shape.weight_bytes);
      with_reader(to_.leaf_weights.from(0), shape.weight_bytes, [&](const auto& weights) {
        for (std::uint64_t leaf = begin; leaf < end; ++leaf) sum += weights[leaf];
      });
    }
    if (sum <= kMostWeight) return {};
    const auto of_nodes = node_weights(to_, tree, poll);
    if (of_nodes) return {};
    return fmt::format("tree {}, node {}: its leaves weigh 2^32 or more", tree, of_nodes.error().node);
  }

  static bool can_be_of_leaf(float number, bool is_probability) {
    if (!is_probability) return std::isfinite(number);
    return number >= 0 && number <= 1 && number * 0x1p24F == std::nearbyint(number * 0x1p24F);
  }

  // Of a leaf whose node does not keep it: puts what it says where it belongs. What is wrong with it, or nothing.
  template <class Values>
  std::string read_leaf(const Values& values, std::uint64_t leaf, Magnitudes& magnitudes) const {
    const std::uint64_t begin = leaf * to_.shape.n_outputs;
    const std::uint64_t end = begin + to_.shape.n_outputs;
    if (has_counts()) {
      std::uint64_t sum = 0;
      for (std::uint64_t k = begin; k < end; ++k) sum += to_.leaf_classes[k] = values[k];
      if (sum - 1 >= kMostWeight) return classes_weigh(sum);
      for (std::uint64_t k = begin; k < end; ++k) to_.leaf_values[k] = probability(to_.leaf_classes[k], sum);
      return {};
    }
    for (std::uint64_t k = begin; k < end; ++k) {
      const auto number = std::bit_cast<float>(static_cast<std::uint32_t>(values[k]));
      if (!can_be_of_leaf(number, to_.shape.leaves == LeafKind::classes)) return number_is(number);
      magnitudes.add(number);
      to_.leaf_values[k] = number;
    }
    return {};
  }

  const PackedLayout& layout_;
  const std::byte* from_;
  ModelTrees& to_;
};

std::uint64_t bytes_of_leaf_targets(const PackedLayout& layout) {
  if (!layout.shape.has_leaf_targets) return 0;
  return LeafTargets::bytes(layout.n_leaves(), layout.shape.n_entries);
}

// What is wrong with them, or nothing; in part where the poll says to stop.
std::string read_leaf_targets(const PackedLayout& layout, const std::byte* from, LeafTargets& to, Poll& poll) {
  const auto begin = [&](PackedStream stream) { return from + layout.begin(stream); };
  const std::uint64_t n_entries = layout.shape.n_entries;
  to.offsets.reserve(layout.n_leaves() + 1);
  to.offsets.push_back(0);
  const Reader<std::uint32_t> leaf_rows(begin(PackedStream::leaf_rows));
  for (std::uint64_t leaf = 0; leaf < layout.n_leaves(); ++leaf) {
    const std::uint32_t n_rows = leaf_rows[leaf];
    if (n_rows == 0) return fmt::format("leaf {} has no targets", leaf);
    to.offsets.push_back(to.offsets.back() + n_rows);
    if (to.offsets.back() > n_entries) break;
  }
  if (to.offsets.back() != n_entries) return fmt::format("its leaves have not {} targets", n_entries);
  to.targets.resize(n_entries);
  std::memcpy(to.targets.data(), begin(PackedStream::targets), n_entries * sizeof(float));
  const auto odd = std::ranges::find_if(to.targets, [](float target) { return !std::isfinite(target); });
  if (odd != to.targets.end()) return fmt::format("a leaf's target is {}", *odd);
  to.multiplicities.resize(n_entries);
  with_reader(begin(PackedStream::multiplicities), layout.shape.multiplicity_bytes, [&](const auto& multiplicities) {
    for (std::uint64_t i = 0; i < n_entries; ++i) to.multiplicities[i] = multiplicities[i];
  });
  for (std::uint64_t leaf = 0; leaf < layout.n_leaves(); ++leaf) {
    if (poll.stop(to.offsets[leaf + 1] - to.offsets[leaf])) return {};
    std::uint64_t sum = 0;
    for (std::uint64_t i = to.offsets[leaf]; i < to.offsets[leaf + 1]; ++i) {
      if (to.multiplicities[i] == 0) return fmt::format("leaf {} has a target without weight", leaf);
      sum += to.multiplicities[i];
      if (i > to.offsets[leaf] && to.targets[i] < to.targets[i - 1]) {
        return fmt::format("the targets of leaf {} do not ascend", leaf);
      }
    }
    if (sum > std::numeric_limits<std::uint32_t>::max()) return fmt::format("leaf {} weighs 2^32 or more", leaf);
  }
  to.add_up(poll);
  return {};
}

}  // namespace

GpuResult<ModelTrees> unpack(std::span<const std::byte> from, MemoryCharge& charge, Workers& workers) {
  const auto fail = [](const std::string& problem) {
    return gpu_error(GpuErrorCode::invalid_params, "the packed model: " + problem);
  };
  const auto layout = forest::read_packed_layout(from);
  if (!layout) return fail(layout.error());
  const PackedShape& packed = layout->shape;
  if (packed.numerics == 0 || packed.numerics > forest::kNumericsVersion) {
    return fail(fmt::format("version {} of the numerics is not known here", packed.numerics));
  }
  TreesShape shape{.n_features = packed.n_features,
                   .leaves = static_cast<LeafKind>(packed.leaves),
                   .n_outputs = packed.n_outputs,
                   .average = packed.average,
                   .has_weights = packed.has_weights,
                   .weight_bytes = packed.leaves == PackedLeaves::classes ? std::uint8_t{0} : packed.weight_bytes,
                   .has_leaf_targets = packed.has_leaf_targets,
                   .offsets = {}};
  for (const forest::PackedTree& tree : layout->trees) shape.offsets.push_back(tree.first_node);
  if (auto taken = charge.set(ModelTrees::bytes(shape) + bytes_of_leaf_targets(*layout)); !taken) {
    return std::unexpected(std::move(taken.error()));
  }
  ModelTrees trees(std::move(shape));
  const auto copy = [&](PackedStream stream, auto& to, std::size_t n) {
    to.resize(n);
    if (n > 0) std::memcpy(to.data(), from.data() + layout->begin(stream), n * sizeof(to[0]));
  };
  copy(PackedStream::base, trees.base, packed.has_base ? packed.n_outputs : 0);
  copy(PackedStream::tree_outputs, trees.tree_outputs, packed.has_tree_outputs ? packed.n_trees : 0);
  for (std::size_t k = 0; k < trees.base.size(); ++k) {
    if (!std::isfinite(trees.base[k])) return fail(fmt::format("base: output {} has {}", k, trees.base[k]));
  }
  for (std::size_t tree = 0; tree < trees.tree_outputs.size(); ++tree) {
    if (trees.tree_outputs[tree] >= packed.n_outputs) {
      return fail(fmt::format("tree {} adds to output {} of {}", tree, trees.tree_outputs[tree], packed.n_outputs));
    }
  }
  FirstProblem problem;
  std::vector<Magnitudes> magnitudes(packed.n_trees);
  const Unpacking unpacking(*layout, from.data(), trees);
  const bool done = workers.for_each(packed.n_trees, [&](std::size_t tree) {
    Poll poll = workers.poll();
    std::string wrong =
        trees.nodes.visit([&](const auto& nodes) { return unpacking.tree(nodes, tree, magnitudes[tree], poll); });
    if (!wrong.empty()) problem.add(tree, std::move(wrong));
  });
  if (!done) return interrupted();
  if (problem.any()) return fail(problem.text());
  if (packed.has_leaf_targets) {
    Poll poll = workers.poll();
    std::string wrong = read_leaf_targets(*layout, from.data(), trees.leaf_targets.emplace(), poll);
    if (!wrong.empty()) {
      return fail(wrong);
    }
  }
  number_leaves(trees, workers);
  put_on_grid(trees, magnitudes, workers);
  if (workers.stop()) return interrupted();
  return trees;
}

}  // namespace gpu_host::cpu
