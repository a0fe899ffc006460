#include "backend/cpu/forest/packing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend/cpu/forest/first_problem.hpp"

namespace gpu_host::cpu {
namespace {

using forest::PackedLayout;
using forest::PackedLeaves;
using forest::PackedShape;
using forest::PackedStream;

static_assert(static_cast<int>(PackedLeaves::classes) == static_cast<int>(LeafKind::classes) &&
              static_cast<int>(PackedLeaves::vector) == static_cast<int>(LeafKind::vector));

// Numbers of 1, 2 or 4 bytes, or floats.
class Writer {
 public:
  Writer(std::byte* to, std::uint8_t width) : to_(to), width_(width) {}
  void put(std::uint32_t value) {
    std::memcpy(to_, &value, width_);
    to_ += width_;
  }
  void put(float value) { put(std::bit_cast<std::uint32_t>(value)); }

 private:
  std::byte* to_;
  std::uint8_t width_;
};

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

std::uint32_t most_of(std::span<const std::uint32_t> numbers) {
  std::uint32_t most = 0;
  for (const std::uint32_t number : numbers) most = std::max(most, number);
  return most;
}

constexpr std::uint64_t kMostWeight = std::numeric_limits<std::uint32_t>::max();

std::string classes_weigh(std::uint64_t sum) { return fmt::format("the classes weigh {}, not 1 to 2^32 - 1", sum); }

void set_bit(std::byte* bits, std::uint32_t i) { bits[i / 8] |= std::byte{1} << (i % 8); }
bool has_bit(const std::byte* bits, std::uint32_t i) { return (bits[i / 8] >> (i % 8) & std::byte{1}) != std::byte{}; }

template <class Nodes>
void pack_tree(const ModelTrees& trees, const Nodes& nodes, const PackedLayout& layout, std::size_t tree, std::byte* to,
               Poll& poll) {
  const PackedShape& packed = layout.shape;
  const TreesShape& shape = trees.shape;
  const std::uint64_t first = shape.offsets[tree];
  const std::uint64_t inner = forest::first_inner(first, tree);
  std::uint64_t leaf = shape.first_leaf(tree);
  std::byte* const kinds = to + layout.begin(PackedStream::kinds) + layout.trees[tree].kinds;
  std::byte* const missing = to + layout.begin(PackedStream::missing) + layout.trees[tree].missing;
  const bool has_counts = shape.leaves == LeafKind::classes && packed.has_weights;
  const std::uint32_t n_numbers = forest::packed_leaf_numbers(packed);
  const std::uint8_t value_bytes = has_counts ? packed.weight_bytes : sizeof(float);
  Writer features(to + layout.begin(PackedStream::features) + inner * packed.feature_bytes, packed.feature_bytes);
  Writer thresholds(to + layout.begin(PackedStream::thresholds) + inner * sizeof(float), sizeof(float));
  Writer values(to + layout.begin(PackedStream::leaf_values) + leaf * n_numbers * value_bytes, value_bytes);
  std::uint32_t n_inner = 0;
  for (std::uint32_t i = 0; first + i < shape.offsets[tree + 1]; ++i) {
    if (poll.stop(n_numbers)) return;
    const WalkNode node = nodes[first + i];
    if (node.feature != shape.n_features) {
      set_bit(kinds, i);
      if (node.missing_left) set_bit(missing, n_inner);
      ++n_inner;
      features.put(node.feature);
      thresholds.put(from_ordered_bits(node.value));
      continue;
    }
    for (std::uint64_t k = leaf * n_numbers; k < (leaf + 1) * n_numbers; ++k) {
      if (has_counts) {
        values.put(trees.leaf_classes[k]);
      } else if (shape.is_inline()) {
        values.put(node.value);
      } else {
        values.put(trees.leaf_values[k]);
      }
    }
    ++leaf;
  }
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

  // What many nodes need lies in copies that no store to a node can change.
  template <class Nodes, class Features, class Values>
  std::string read(Nodes nodes, std::size_t tree, Features features, Values values, Magnitudes& magnitudes,
                   Poll& poll) const {
    const TreesShape& shape = to_.shape;
    const std::uint32_t n_features = shape.n_features;
    const bool is_number = shape.leaves == LeafKind::number;
    const bool is_pair = has_counts() && shape.n_outputs == 2;
    std::uint32_t* const leaf_classes = to_.leaf_classes.get();
    const std::uint64_t word_work = std::uint64_t{64} * shape.tree_numbers();
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
    std::string wrong;
    Magnitudes own;  // of numbers that nodes keep
    Magnitudes others;
    for (std::uint32_t word = 0; word < n_nodes; word += 64) {
      if (poll.stop(word_work)) return {};
      const std::uint32_t n = std::min(64U, n_nodes - word);
      std::uint64_t bits = 0;
      std::memcpy(&bits, kinds + word / 8, (n + 7) / 8);
      const std::uint64_t all = n == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
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
        auto value = static_cast<std::uint32_t>(first_leaf + n_leaves);
        if (is_number) {
          const float number = numbers[first_leaf + n_leaves];
          if (!std::isfinite(number)) return problem(i, fmt::format("a number of the leaf is {}", number));
          own.add(number);
          value = std::bit_cast<std::uint32_t>(number);
        } else if (is_pair) {
          const std::uint64_t leaf = first_leaf + n_leaves;
          const std::uint32_t weight = leaf_classes[leaf * 2 + 1] = values[leaf * 2 + 1];
          const std::uint64_t sum = std::uint64_t{leaf_classes[leaf * 2] = values[leaf * 2]} + weight;
          if (sum - 1 >= kMostWeight) return problem(i, classes_weigh(sum));
          value = std::bit_cast<std::uint32_t>(probability(weight, sum));
        } else if (!leaf(values, first_leaf + n_leaves, others, value, wrong)) {
          return problem(i, wrong);
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

  // Puts what the leaf says where it belongs, and into `value` what its node keeps of it; or says what is wrong.
  template <class Values>
  bool leaf(const Values& values, std::uint64_t leaf, Magnitudes& magnitudes, std::uint32_t& value,
            std::string& wrong) const {
    const TreesShape& shape = to_.shape;
    const std::uint32_t n_numbers = forest::packed_leaf_numbers(layout_.shape);
    if (has_counts()) {
      std::uint64_t sum = 0;
      for (std::uint64_t k = leaf * n_numbers; k < (leaf + 1) * n_numbers; ++k) {
        sum += to_.leaf_classes[k] = values[k];
      }
      if (sum - 1 >= kMostWeight) {
        wrong = classes_weigh(sum);
        return false;
      }
      for (std::uint64_t k = leaf * n_numbers; k < (leaf + 1) * n_numbers; ++k) {
        to_.leaf_values[k] = probability(to_.leaf_classes[k], sum);
      }
    } else {
      for (std::uint64_t k = leaf * n_numbers; k < (leaf + 1) * n_numbers; ++k) {
        const auto number = std::bit_cast<float>(static_cast<std::uint32_t>(values[k]));
        if (!std::isfinite(number)) {
          wrong = fmt::format("a number of the leaf is {}", number);
          return false;
        }
        if (shape.leaves == LeafKind::classes &&
            (number < 0 || number > 1 || number * 0x1p24F != std::nearbyint(number * 0x1p24F))) {
          wrong = fmt::format("{} is no probability of a leaf", number);
          return false;
        }
        magnitudes.add(number);
        if (shape.is_inline()) {
          value = std::bit_cast<std::uint32_t>(number);
        } else {
          to_.leaf_values[k] = number;
        }
      }
    }
    return true;
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

PackedLayout layout_of(const ModelTrees& trees, PackedParts parts) {
  const TreesShape& shape = trees.shape;
  PackedShape packed{.numerics = forest::kNumericsVersion,
                     .n_trees = shape.n_trees(),
                     .n_features = shape.n_features,
                     .n_outputs = shape.n_outputs,
                     .leaves = static_cast<PackedLeaves>(shape.leaves),
                     .average = shape.average,
                     .has_base = !trees.base.empty(),
                     .has_tree_outputs = !trees.tree_outputs.empty(),
                     .has_weights = parts.weights,
                     .has_leaf_targets = parts.leaf_targets,
                     .feature_bytes = forest::bytes_for(shape.n_features - 1)};
  if (parts.weights) {
    const std::span<const std::uint32_t> classes(
        trees.leaf_classes.get(), shape.leaves == LeafKind::classes ? shape.n_leaves() * shape.n_outputs : 0);
    packed.weight_bytes = classes.empty() ? shape.weight_bytes : forest::bytes_for(most_of(classes));
  }
  if (parts.leaf_targets) {
    packed.n_entries = trees.leaf_targets->targets.size();
    packed.multiplicity_bytes = forest::bytes_for(most_of(trees.leaf_targets->multiplicities));
  }
  std::vector<std::uint32_t> tree_nodes(shape.n_trees());
  for (std::size_t tree = 0; tree < tree_nodes.size(); ++tree) {
    tree_nodes[tree] = static_cast<std::uint32_t>(shape.offsets[tree + 1] - shape.offsets[tree]);
  }
  return forest::packed_layout(packed, tree_nodes);
}

void pack(const ModelTrees& trees, const PackedLayout& layout, std::span<std::byte> to, Workers& workers) {
  std::ranges::fill(to, std::byte{});
  const auto begin = [&](PackedStream stream) { return to.data() + layout.begin(stream); };
  const auto copy = [&](PackedStream stream, const auto& from) {
    if (!from.empty()) std::memcpy(begin(stream), from.data(), from.size() * sizeof(from[0]));
  };
  copy(PackedStream::base, trees.base);
  copy(PackedStream::tree_outputs, trees.tree_outputs);
  if (trees.shape.weight_bytes != 0 && layout.shape.has_weights) {
    std::memcpy(begin(PackedStream::weights), trees.leaf_weights.from(0), layout.n_leaves() * trees.shape.weight_bytes);
  }
  const bool done = workers.for_each(trees.shape.n_trees(), [&](std::size_t tree) {
    Poll poll = workers.poll();
    trees.nodes.visit([&](const auto& nodes) { pack_tree(trees, nodes, layout, tree, to.data(), poll); });
  });
  if (!done) return;
  if (layout.shape.has_leaf_targets) {
    const LeafTargets& from = *trees.leaf_targets;
    Writer leaf_rows(begin(PackedStream::leaf_rows), sizeof(std::uint32_t));
    for (std::uint64_t leaf = 0; leaf < layout.n_leaves(); ++leaf) {
      leaf_rows.put(static_cast<std::uint32_t>(from.offsets[leaf + 1] - from.offsets[leaf]));
    }
    copy(PackedStream::targets, from.targets);
    Writer multiplicities(begin(PackedStream::multiplicities), layout.shape.multiplicity_bytes);
    for (const std::uint32_t multiplicity : from.multiplicities) multiplicities.put(multiplicity);
  }
  forest::write_packed_header(layout, to);
}

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
