#include "backend/cpu/forest/ranked_trees.hpp"

#include <algorithm>
#include <array>

#include "backend/cpu/forest/walk_loops.hpp"

namespace gpu_host::cpu {
namespace {

constexpr std::uint32_t kMostLeaves = 256;  // of a tree: more take longer than walks
constexpr std::uint32_t kMostNodes = 2 * kMostLeaves - 1;
constexpr std::uint32_t kMostPlaces = kMostLeaves / 2;  // each is of two leaves or more
constexpr std::uint32_t kMostFeatures = 32767;
constexpr std::uint32_t kMostThresholds = 65535;  // of a feature
constexpr std::int32_t kLowestRank = -32768;

using Kind = RankChild::Kind;

std::size_t padded(std::size_t n_rows) { return (n_rows + kRankUnit - 1) / kRankUnit * kRankUnit; }

}  // namespace

bool RankedTrees::suits(const TreesShape& shape) {
  constexpr std::size_t kFewLanes = 8;
  return shape.most_of_a_tree() <= kMostNodes && shape.n_features <= std::min(kMostFeatures, shape.n_trees()) &&
         rank_loops().lanes >= kFewLanes;
}

std::uint64_t RankedTrees::bytes(const TreesShape& shape) {
  return sizeof(RankedTrees) + shape.n_trees() * sizeof(Tree) + (shape.n_features + 1) * sizeof(std::uint64_t) +
         shape.n_leaves() * (sizeof(RankStep) + sizeof(std::uint16_t) + sizeof(std::uint32_t));
}

std::unique_ptr<RankedTrees> RankedTrees::make(const ModelTrees& trees, Workers& workers) {
  std::unique_ptr<RankedTrees> made(new RankedTrees(trees.shape));
  if (!made->find_thresholds(trees, workers)) return nullptr;
  const bool done =
      workers.for_each(made->trees_.size(), [&](std::size_t tree) { made->trees_[tree] = made->ranked(trees, tree); });
  if (!done) return nullptr;
  return made;
}

// False where there are too many of a feature, or the workers are told to stop.
bool RankedTrees::find_thresholds(const ModelTrees& trees, Workers& workers) {
  std::vector<std::vector<std::uint32_t>> found(n_features_);
  trees.nodes.visit([&](const auto& nodes) {
    Poll poll = workers.poll();
    for (std::uint64_t at = 0; at < trees.shape.n_nodes() && !poll.stop(); ++at) {
      const WalkNode node = nodes[at];
      if (node.feature == n_features_) continue;
      found[node.feature].push_back(node.value);
      has_missing_left_ |= node.missing_left;
    }
  });
  const bool done = workers.for_each(n_features_, [&](std::size_t feature) {
    std::vector<std::uint32_t>& values = found[feature];
    std::ranges::sort(values);
    const auto others = std::ranges::unique(values);
    values.erase(others.begin(), others.end());
  });
  if (!done) return false;
  first_thresholds_.reserve(n_features_ + 1);
  first_thresholds_.push_back(0);
  for (const std::vector<std::uint32_t>& values : found) {
    if (values.size() > kMostThresholds) return false;
    first_thresholds_.push_back(first_thresholds_.back() + values.size());
  }
  thresholds_.reserve(first_thresholds_.back());
  for (const std::vector<std::uint32_t>& values : found) {
    thresholds_.insert(thresholds_.end(), values.begin(), values.end());
  }
  return true;
}

// How many thresholds of the feature are lower, from the lowest rank on.
std::int32_t RankedTrees::rank(std::size_t feature, std::uint32_t value) const {
  const std::uint32_t* const first = thresholds_.data() + first_thresholds_[feature];
  const std::uint32_t* from = first;
  for (std::size_t n = first_thresholds_[feature + 1] - first_thresholds_[feature]; n > 0;) {
    const std::size_t half = (n + 1) / 2;
    from += from[half - 1] < value ? half : 0;  // no branch
    n -= half;
  }
  return kLowestRank + static_cast<std::int32_t>(from - first);
}

RankTest RankedTrees::test(const WalkNode& node) const {
  return {.column = static_cast<std::uint16_t>(node.feature + (node.missing_left ? n_features_ : 0)),
          .bound = static_cast<std::int16_t>(rank(node.feature, node.value) + 1)};
}

RankedTrees::Tree RankedTrees::ranked(const ModelTrees& trees, std::size_t tree) const {
  const std::uint64_t first = trees.shape.offsets[tree];
  const auto n_nodes = static_cast<std::uint16_t>(trees.shape.offsets[tree + 1] - first);
  Tree made;
  made.steps.reserve(n_nodes / 2);
  made.leaves.reserve(n_nodes / 2 + 1);
  trees.nodes.visit([&](const auto& nodes) {
    // From the root on, each before its children; so backwards each comes soon after them, and few places are enough.
    std::array<std::uint16_t, kMostNodes> order{};
    std::array<std::uint16_t, kMostLeaves> waiting{};
    std::size_t n_waiting = 1;  // the root
    for (std::uint32_t i = 0; i < n_nodes; ++i) {
      const std::uint16_t at = order[i] = waiting[--n_waiting];
      const WalkNode node = nodes[first + at];
      if (node.feature == n_features_) continue;
      waiting[n_waiting++] = static_cast<std::uint16_t>(node.child);
      waiting[n_waiting++] = static_cast<std::uint16_t>(node.child + 1);
    }
    std::array<RankChild, kMostNodes> found{};
    std::array<std::uint16_t, kMostPlaces> free{};  // places that no step needs any more
    std::size_t n_free = 0;
    std::uint16_t n_places = 0;
    for (std::uint32_t i = n_nodes; i-- > 0;) {
      const WalkNode node = nodes[first + order[i]];
      RankChild& child = found[order[i]];
      if (node.feature == n_features_) {
        child.number = static_cast<std::uint16_t>(made.leaves.size());
        made.leaves.push_back(order[i]);
        continue;
      }
      const RankChild& left = found[node.child];
      const RankChild& right = found[node.child + 1];
      if (left.kind == Kind::leaf && right.kind == Kind::leaf && i > 0) {
        child = {.kind = Kind::leaves, .number = left.number, .right = right.number, .test = test(node)};
        continue;
      }
      child.kind = Kind::place;
      if (left.kind == Kind::place) {
        child.number = left.number;
        if (right.kind == Kind::place) free[n_free++] = right.number;
      } else if (right.kind == Kind::place) {
        child.number = right.number;
      } else {
        child.number = n_free > 0 ? free[--n_free] : n_places++;
      }
      made.steps.push_back({.test = test(node), .left = left, .right = right, .out = child.number});
    }
  });
  made.steps.shrink_to_fit();
  return made;
}

RankedTrees::Rows::Rows(const RankedTrees& trees, const Tiles& tiles) : trees_(trees), n_rows_(tiles.n_rows) {
  static_assert(kRankUnit % kTileRows == 0);
  ranks_ = std::make_unique<Line<std::int16_t>[]>(padded(n_rows_) * trees.n_columns() * sizeof(std::int16_t) /
                                                  sizeof(Line<std::int16_t>));
  for (std::size_t first = 0; first < n_rows_; first += kTileRows) {
    const std::uint32_t* const values = tiles.values + first / kTileRows * tiles.size;
    const std::size_t block = first / kRankRows * kRankRows;
    const std::size_t n_rows = padded(std::min(kRankRows, n_rows_ - block));
    std::int16_t* const ranks = ranks_[0].numbers + block * trees.n_columns() + (first - block);
    for (std::size_t feature = 0; feature < trees.n_features_; ++feature) {
      for (std::size_t r = 0; r < kTileRows; ++r) {
        const std::uint32_t value = values[feature * kTileRows + r];
        const auto rank = static_cast<std::int16_t>(trees.rank(feature, value));
        ranks[feature * n_rows + r] = rank;
        if (!trees.has_missing_left_) continue;
        ranks[(trees.n_features_ + feature) * n_rows + r] =
            value == kMissingValue ? static_cast<std::int16_t>(kLowestRank) : rank;
      }
    }
  }
  places_ = std::make_unique_for_overwrite<Line<std::uint16_t>[]>(kMostPlaces * kRankRows * sizeof(std::uint16_t) /
                                                                  sizeof(Line<std::uint16_t>));
}

void RankedTrees::Rows::walk(std::size_t tree, std::uint32_t* nodes) {
  const auto& [steps, leaves] = trees_.trees_[tree];
  if (steps.empty()) {
    std::fill_n(nodes, n_rows_, leaves[0]);
    return;
  }
  std::uint16_t* const places = places_[0].numbers;
  for (std::size_t first = 0; first < n_rows_; first += kRankRows) {
    const std::size_t n_rows = std::min(kRankRows, n_rows_ - first);
    rank_loops().run(steps, ranks_[0].numbers + first * trees_.n_columns(), padded(n_rows), places);
    const std::uint16_t* const reached = places + steps.back().out * kRankRows;
    for (std::size_t row = 0; row < n_rows; ++row) nodes[first + row] = leaves[reached[row]];
  }
}

}  // namespace gpu_host::cpu
