#include "packed_model.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace gpu_host::forest {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::array<std::uint8_t, 8> kMagic{0x89, 'W', 'G', 'F', 'M', 0x0d, 0x0a, 0x1a};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kMostFeatures = 1U << 16U;
constexpr std::uint32_t kMostClasses = 256;
constexpr std::uint64_t kMostEntries = std::uint64_t{1} << 40U;

using Flag = std::uint8_t;
constexpr Flag kAverage = 1;
constexpr Flag kBase = 2;
constexpr Flag kTreeOutputs = 4;
constexpr Flag kWeights = 8;
constexpr Flag kLeafTargets = 16;
constexpr Flag kFlags = 31;

struct Header {
  std::array<std::uint8_t, 8> magic;
  std::uint32_t version;
  std::uint32_t numerics;
  std::uint64_t size;
  std::uint64_t checksum;
  std::uint32_t n_trees;
  std::uint32_t n_features;
  std::uint32_t n_outputs;
  std::uint8_t leaves;
  std::uint8_t flags;
  std::uint8_t feature_bytes;
  std::uint8_t weight_bytes;
  std::uint64_t n_entries;
  std::uint8_t multiplicity_bytes;
  std::array<std::uint8_t, 7> zero;
};
static_assert(sizeof(Header) == kPackedHeaderBytes);
constexpr std::size_t kChecked = offsetof(Header, n_trees);

constexpr std::uint64_t aligned(std::uint64_t offset) { return (offset + 7) / 8 * 8; }

std::uint64_t checksum_of(std::span<const std::byte> bytes) {
  const auto checked = bytes.subspan(kChecked);
  return XXH3_64bits(checked.data(), checked.size());
}

bool is_width(std::uint8_t bytes, bool is_there) {
  return is_there ? bytes == 1 || bytes == 2 || bytes == 4 : bytes == 0;
}

// What is wrong with it by itself.
std::string problem_of(const PackedShape& shape) {
  const auto outside = [](const char* what, std::uint64_t value, const char* range) {
    return std::string(what) + ": " + std::to_string(value) + " is not " + range;
  };
  const bool is_classes = shape.leaves == PackedLeaves::classes;
  if (shape.n_trees == 0) return "it has no trees";
  if (shape.n_features < 1 || shape.n_features > kMostFeatures) {
    return outside("features", shape.n_features, "from 1 to 65536");
  }
  if (is_classes && (shape.n_outputs < 2 || shape.n_outputs > kMostClasses)) {
    return outside("classes", shape.n_outputs, "from 2 to 256");
  }
  if (shape.n_outputs < 1 || shape.n_outputs > kMostFeatures) {
    return outside("outputs", shape.n_outputs, "from 1 to 65536");
  }
  if (is_classes && !shape.average) return "probabilities that are no means";
  if (is_classes && shape.has_base) return "a base of probabilities";
  if (shape.has_tree_outputs && shape.leaves != PackedLeaves::number) return "tree outputs of leaves that have all";
  if (!shape.has_tree_outputs && shape.leaves == PackedLeaves::number && shape.n_outputs > 1) {
    return "no tree outputs, although a leaf has one number only";
  }
  if (shape.has_leaf_targets && shape.leaves != PackedLeaves::number) return "leaf targets of leaves without a number";
  if (shape.feature_bytes != (shape.n_features <= 256 ? 1 : 2)) {
    return outside("bytes of a feature", shape.feature_bytes, "what its features need");
  }
  if (!is_width(shape.weight_bytes, shape.has_weights))
    return outside("bytes of a weight", shape.weight_bytes, "valid");
  if (!is_width(shape.multiplicity_bytes, shape.has_leaf_targets)) {
    return outside("bytes of a multiplicity", shape.multiplicity_bytes, "valid");
  }
  if (shape.n_entries > kMostEntries || (shape.n_entries == 0) == shape.has_leaf_targets) {
    return outside("entries of leaf targets", shape.n_entries, "valid");
  }
  return {};
}

}  // namespace

PackedLayout packed_layout(const PackedShape& shape, std::span<const std::uint32_t> tree_nodes) {
  PackedLayout layout{.shape = shape, .trees = {}, .begins = {}, .size = kPackedHeaderBytes};
  layout.trees.reserve(tree_nodes.size() + 1);
  PackedTree tree;
  for (const std::uint32_t n_nodes : tree_nodes) {
    layout.trees.push_back(tree);
    tree.first_node += n_nodes;
    tree.kinds += (std::uint64_t{n_nodes} + 7) / 8;
    tree.missing += (n_nodes / 2 + std::uint64_t{7}) / 8;
  }
  layout.trees.push_back(tree);
  const std::uint64_t n_inner = layout.n_inner();
  const std::uint64_t n_leaves = layout.n_leaves();
  const bool is_classes = shape.leaves == PackedLeaves::classes;
  const std::uint64_t value_bytes = is_classes && shape.has_weights ? shape.weight_bytes : sizeof(float);
  const bool targets = shape.has_leaf_targets;
  const std::array<std::uint64_t, kPackedStreams> bytes{
      tree_nodes.size() * sizeof(std::uint32_t),
      shape.has_base ? shape.n_outputs * sizeof(double) : 0,
      shape.has_tree_outputs ? tree_nodes.size() * sizeof(std::uint32_t) : 0,
      tree.kinds,
      tree.missing,
      n_inner * shape.feature_bytes,
      n_inner * sizeof(float),
      n_leaves * packed_leaf_numbers(shape) * value_bytes,
      shape.has_weights && !is_classes ? n_leaves * shape.weight_bytes : 0,
      targets ? n_leaves * sizeof(std::uint32_t) : 0,
      targets ? shape.n_entries * sizeof(float) : 0,
      targets ? shape.n_entries * shape.multiplicity_bytes : 0,
  };
  for (std::size_t i = 0; i < kPackedStreams; ++i) {
    layout.begins[i] = aligned(layout.size);
    layout.size = layout.begins[i] + bytes[i];
  }
  return layout;
}

std::expected<PackedLayout, std::string> read_packed_layout(std::span<const std::byte> bytes) {
  const auto fail = [](std::string message) { return std::unexpected(std::move(message)); };
  if (bytes.size() < kPackedHeaderBytes) {
    return fail(std::to_string(bytes.size()) + " bytes are not even a header");
  }
  Header header{};
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != kMagic) return fail("it does not begin as a packed model does");
  if (header.version != kVersion) {
    return fail("version " + std::to_string(header.version) + "; version 1 is understood");
  }
  if (header.size != bytes.size()) {
    return fail("it should have " + std::to_string(header.size) + " bytes, and has " + std::to_string(bytes.size()));
  }
  if (header.checksum != checksum_of(bytes)) return fail("its checksum is another: it is damaged");
  if (header.leaves > 2 || header.flags > kFlags || header.zero != std::array<std::uint8_t, 7>{}) {
    return fail("a reserved byte of its header is set");
  }
  const auto has = [&](Flag flag) { return (header.flags & flag) != 0; };
  const PackedShape shape{.numerics = header.numerics,
                          .n_trees = header.n_trees,
                          .n_features = header.n_features,
                          .n_outputs = header.n_outputs,
                          .n_entries = header.n_entries,
                          .leaves = static_cast<PackedLeaves>(header.leaves),
                          .average = has(kAverage),
                          .has_base = has(kBase),
                          .has_tree_outputs = has(kTreeOutputs),
                          .has_weights = has(kWeights),
                          .has_leaf_targets = has(kLeafTargets),
                          .feature_bytes = header.feature_bytes,
                          .weight_bytes = header.weight_bytes,
                          .multiplicity_bytes = header.multiplicity_bytes};
  if (std::string problem = problem_of(shape); !problem.empty()) return fail(std::move(problem));
  if (header.n_trees > (bytes.size() - kPackedHeaderBytes) / sizeof(std::uint32_t)) {
    return fail(std::to_string(header.n_trees) + " trees do not fit in its bytes");
  }
  std::vector<std::uint32_t> tree_nodes(header.n_trees);
  std::memcpy(tree_nodes.data(), bytes.data() + kPackedHeaderBytes, tree_nodes.size() * sizeof(std::uint32_t));
  std::uint64_t n_nodes = 0;
  for (std::size_t tree = 0; tree < tree_nodes.size(); ++tree) {
    n_nodes += tree_nodes[tree];
    if (tree_nodes[tree] % 2 == 0 || n_nodes > kMostModelNodes) {
      return fail("tree " + std::to_string(tree) + " cannot have " + std::to_string(tree_nodes[tree]) + " nodes");
    }
  }
  PackedLayout layout = packed_layout(shape, tree_nodes);
  if (layout.size != bytes.size()) {
    return fail("its parts need " + std::to_string(layout.size) + " bytes, and it has " + std::to_string(bytes.size()));
  }
  return layout;
}

void write_packed_header(const PackedLayout& layout, std::span<std::byte> to) {
  const PackedShape& shape = layout.shape;
  for (std::size_t tree = 0; tree < shape.n_trees; ++tree) {
    const auto n_nodes = static_cast<std::uint32_t>(layout.trees[tree + 1].first_node - layout.trees[tree].first_node);
    std::memcpy(to.data() + kPackedHeaderBytes + tree * sizeof(n_nodes), &n_nodes, sizeof(n_nodes));
  }
  const auto flag = [](bool is_set, Flag value) { return is_set ? std::uint32_t{value} : 0U; };
  Header header{.magic = kMagic,
                .version = kVersion,
                .numerics = shape.numerics,
                .size = layout.size,
                .checksum = 0,
                .n_trees = shape.n_trees,
                .n_features = shape.n_features,
                .n_outputs = shape.n_outputs,
                .leaves = static_cast<std::uint8_t>(shape.leaves),
                .flags = static_cast<std::uint8_t>(flag(shape.average, kAverage) | flag(shape.has_base, kBase) |
                                                   flag(shape.has_tree_outputs, kTreeOutputs) |
                                                   flag(shape.has_weights, kWeights) |
                                                   flag(shape.has_leaf_targets, kLeafTargets)),
                .feature_bytes = shape.feature_bytes,
                .weight_bytes = shape.weight_bytes,
                .n_entries = shape.n_entries,
                .multiplicity_bytes = shape.multiplicity_bytes,
                .zero = {}};
  std::memcpy(to.data(), &header, sizeof(header));
  header.checksum = checksum_of(to);
  std::memcpy(to.data(), &header, sizeof(header));
}

}  // namespace gpu_host::forest
