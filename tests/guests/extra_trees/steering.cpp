#include "steering.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

using wasi_gpu::Result;
using wasi_gpu::forest::Candidate;
using wasi_gpu::forest::Decision;
using wasi_gpu::forest::FoundSplit;
using wasi_gpu::forest::Growth;
using wasi_gpu::forest::NodeFeature;
using wasi_gpu::forest::ValueRange;

namespace {

std::vector<NodeFeature> all_pairs(std::uint32_t n_nodes, std::uint32_t n_features) {
  std::vector<NodeFeature> pairs;
  pairs.reserve(std::size_t{n_nodes} * n_features);
  for (std::uint32_t node = 0; node < n_nodes; ++node) {
    for (std::uint32_t feature = 0; feature < n_features; ++feature) pairs.push_back({node, feature});
  }
  return pairs;
}

float between(const ValueRange& range, Random& random) {
  const double low = range.low;
  return static_cast<float>(low + random.uniform() * (double{range.high} - low));
}

// A candidate for each pair whose node has different values of the feature.
Result<std::vector<Candidate>> random_candidates(Growth& growth, std::span<const NodeFeature> pairs, Random& random) {
  const auto ranges = growth.value_ranges(pairs);
  if (!ranges) return std::unexpected(ranges.error());
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const ValueRange& range = (*ranges)[i];
    if (range.low > range.high) continue;
    candidates.push_back(
        {.node = pairs[i].node, .split = {.feature = pairs[i].feature, .threshold = between(range, random)}});
  }
  return candidates;
}

// Of each node its best candidate, or that it is a leaf.
std::vector<Decision> decide(std::uint32_t n_nodes, std::span<const Candidate> candidates,
                             std::span<const std::optional<FoundSplit>> found) {
  std::vector<Decision> decisions(n_nodes);
  std::vector<double> best(n_nodes, -1);
  for (std::uint32_t node = 0; node < n_nodes; ++node) decisions[node].node = node;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::uint32_t node = candidates[i].node;
    if (!found[i] || found[i]->decrease <= best[node]) continue;
    best[node] = found[i]->decrease;
    decisions[node].split = candidates[i].split;
  }
  return decisions;
}

Result<void> split_level(Growth& growth, std::uint32_t n_nodes, std::uint32_t n_features, Random& random) {
  const auto candidates = random_candidates(growth, all_pairs(n_nodes, n_features), random);
  if (!candidates) return std::unexpected(candidates.error());
  const auto found = growth.evaluate(*candidates);
  if (!found) return std::unexpected(found.error());
  return growth.split_nodes(decide(n_nodes, *candidates, *found));
}

// Calls `split` with the number of open nodes until there are none.
template <class Split>
Result<void> grow_levels(Growth& growth, std::uint32_t n_trees, const Split& split) {
  for (;;) {
    const auto open = growth.open_nodes(n_trees);
    if (!open) return std::unexpected(open.error());
    if (open->empty()) return {};
    if (auto done = split(static_cast<std::uint32_t>(open->size())); !done) return done;
  }
}

}  // namespace

Result<void> grow_extra_trees(Growth& growth, std::uint32_t n_trees, std::uint32_t n_features, Random& random) {
  return grow_levels(growth, n_trees,
                     [&](std::uint32_t n_nodes) { return split_level(growth, n_nodes, n_features, random); });
}

Result<void> grow_by_levels(Growth& growth, std::uint32_t n_trees) {
  return grow_levels(growth, n_trees, [&](std::uint32_t) { return growth.split_nodes({}); });
}
