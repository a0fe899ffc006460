#include "tree_grower.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "random.hpp"
#include "split_candidates.hpp"

namespace wasm_ml {

TreeGrower::TreeGrower(const TrainingSet& set, const ForestParams& params, SplitSearch& search)
    : set_(set), params_(params), search_(search), counts_(set.n_rows), features_(set.n_features()) {}

Result<void> TreeGrower::grow(std::uint32_t seed_of_tree, std::vector<TreeNode>& nodes) {
  if (auto drawn = draw_rows(seed_of_tree); !drawn) return drawn;
  const std::size_t root = nodes.size();
  nodes.emplace_back();
  open_.assign({Open{.node = 0, .begin = 0, .end = rows_.size(), .depth = 0}});
  while (!open_.empty()) {
    const Open open = open_.back();
    open_.pop_back();
    std::optional<Split> split;
    if (may_split(open)) {
      auto best = best_split(open, seed_of_tree);
      if (!best) return std::unexpected(std::move(best.error()));
      split = *best;
    }
    if (!split) {
      nodes[root + open.node].threshold = mean_label(open);
      continue;
    }
    const std::size_t middle = partition(open, *split);
    const auto left = static_cast<std::uint32_t>(nodes.size() - root);
    nodes[root + open.node] = {.feature = static_cast<std::int32_t>(split->feature),
                               .threshold = split->threshold,
                               .left = left,
                               .right = left + 1};
    nodes.resize(nodes.size() + 2);
    open_.push_back({.node = left + 1, .begin = middle, .end = open.end, .depth = open.depth + 1});
    open_.push_back({.node = left, .begin = open.begin, .end = middle, .depth = open.depth + 1});
  }
  return {};
}

Result<void> TreeGrower::draw_rows(std::uint32_t seed_of_tree) {
  drawn_.resize(set_.n_rows);
  if (auto drawn = search_.draw_rows(seed_of_tree, drawn_); !drawn) return drawn;
  std::ranges::fill(counts_, 0);
  for (const std::uint32_t row : drawn_) ++counts_[row];
  rows_.clear();
  for (std::uint32_t row = 0; row < set_.n_rows; ++row) {
    if (counts_[row] != 0) rows_.push_back(row);
  }
  return {};
}

std::span<const std::uint32_t> TreeGrower::rows_of(const Open& open) const {
  return std::span(rows_).subspan(open.begin, open.end - open.begin);
}

bool TreeGrower::may_split(const Open& open) const {
  const auto rows = rows_of(open);
  const bool deep = params_.max_depth != 0 && open.depth >= params_.max_depth;
  if (deep || rows.size() < params_.min_samples_split) return false;
  const auto same_label = [&](std::uint32_t row) { return set_.label(row) == set_.label(rows[0]); };
  return !std::ranges::all_of(rows, same_label);
}

// A random order of the features is tried until max_features of them are; if
// none of those can split the node, on to the first that can. A split is taken
// also where it improves nothing, else no tree learns an exclusive or.
Result<std::optional<TreeGrower::Split>> TreeGrower::best_split(const Open& open, std::uint32_t seed_of_tree) {
  const auto rows = rows_of(open);
  drawn_.clear();
  for (const std::uint32_t row : rows) drawn_.insert(drawn_.end(), counts_[row], row);
  if (auto set = search_.set_node(drawn_); !set) return std::unexpected(std::move(set.error()));

  const std::uint32_t n_features = set_.n_features();
  const std::uint32_t n_wanted = params_.max_features == 0 ? n_features : params_.max_features;
  std::iota(features_.begin(), features_.end(), 0);
  std::optional<Split> best;
  for (std::uint32_t i = 0; i < n_features && (i < n_wanted || !best); ++i) {
    if (n_wanted < n_features) {
      std::swap(features_[i], features_[i + node_random(seed_of_tree, open.node, i, n_features - i)]);
    }
    const std::uint32_t feature = features_[i];
    values_.clear();
    // Adding 0 makes zeros positive, so that their order cannot matter.
    for (const std::uint32_t row : rows) values_.push_back(set_.value(row, feature) + 0.0F);
    split_candidates(values_, params_.min_samples_leaf, thresholds_);
    if (thresholds_.empty()) continue;
    if (auto considered = consider(feature, best); !considered) return std::unexpected(std::move(considered.error()));
  }
  return best;
}

// Scores thresholds_; ties go to the lower feature, then the lower threshold.
Result<void> TreeGrower::consider(std::uint32_t feature, std::optional<Split>& best) {
  scores_.resize(thresholds_.size());
  if (auto scored = search_.score(feature, thresholds_, scores_); !scored) return scored;
  for (std::size_t i = 0; i < scores_.size(); ++i) {
    if (!std::isfinite(scores_[i])) continue;
    const Split split{.score = scores_[i], .feature = feature, .threshold = thresholds_[i]};
    const auto rank = [](const Split& s) { return std::tuple(s.score, s.feature, s.threshold); };
    if (!best || rank(split) < rank(*best)) best = split;
  }
  return {};
}

// Keeps the order of the rows on each side. Returns where the right side begins.
std::size_t TreeGrower::partition(const Open& open, const Split& split) {
  right_rows_.clear();
  std::size_t middle = open.begin;
  for (std::size_t i = open.begin; i < open.end; ++i) {
    const std::uint32_t row = rows_[i];
    if (set_.value(row, split.feature) <= split.threshold) {
      rows_[middle++] = row;
    } else {
      right_rows_.push_back(row);
    }
  }
  std::ranges::copy(right_rows_, rows_.begin() + static_cast<std::ptrdiff_t>(middle));
  return middle;
}

float TreeGrower::mean_label(const Open& open) const {
  double sum = 0;
  double n = 0;
  for (const std::uint32_t row : rows_of(open)) {
    sum += double{set_.label(row)} * counts_[row];
    n += counts_[row];
  }
  return static_cast<float>(sum / n);
}

}  // namespace wasm_ml
