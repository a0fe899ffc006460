#include "backend/cpu/forest/forest_growth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "backend/cpu/forest/leaf_targets.hpp"
#include "backend/cpu/forest/memory_needs.hpp"
#include "backend/cpu/forest/out_of_bag.hpp"

namespace gpu_host::cpu {
namespace {

// Trees that are grown before they are added to the forest.
constexpr std::uint32_t kTreesInABatch = 64;
// Trees of which out-of-bag predictions are made in one pass.
constexpr std::size_t kTreesAPass = 8;
// Small trees are joined to parts of the forest of at least so many bytes.
constexpr std::uint64_t kPartBytes = std::uint64_t{1} << 20U;
constexpr std::uint64_t kSmallTreeBytes = std::uint64_t{1} << 16U;

// Calls body(worker, i) for each i below n, by so many workers at a time.
template <class Body>
bool share_out(Workers& workers, std::size_t n, std::size_t n_workers, const Body& body) {
  std::atomic<std::size_t> next = 0;
  return workers.for_each(std::min(n, n_workers), [&](std::size_t worker) {
    for (std::size_t i = next++; i < n && !workers.stop(); i = next++) body(worker, i);
  });
}

std::uint64_t out_of_bag_bytes(std::uint64_t n_rows, std::uint32_t n_classes) {
  return n_rows * (sizeof(double) * std::max(1U, n_classes) + sizeof(std::uint32_t));
}

constexpr std::uint64_t kSampledRow = 13;  // bytes of a row in a tree's sample, while predictions are made

// While predictions are made: nodes by bins, and a tree's sample.
std::uint64_t pass_bytes(const ModelTrees& tree, std::uint64_t n_rows) {
  constexpr std::uint64_t kNode = 20;
  return tree.shape.n_nodes() * kNode + n_rows * kSampledRow;
}

std::uint64_t leaf_target_bytes(const ModelTrees& tree) {
  return tree.leaf_targets ? LeafTargets::bytes(tree.shape.n_leaves(), tree.leaf_targets->targets.size()) : 0;
}

// As it waits, and in the forest, where the weights of leaves may be wider.
std::uint64_t bytes_of_tree(const ModelTrees& tree) {
  TreesShape widest = tree.shape;
  widest.has_leaf_targets = tree.leaf_targets.has_value();
  if (widest.weight_bytes != 0) widest.weight_bytes = sizeof(std::uint32_t);
  return sizeof(ModelTrees) + ModelTrees::bytes(widest) + leaf_target_bytes(tree);
}

}  // namespace

GpuResult<std::unique_ptr<ForestGrowth>> CpuForestGrowth::start(std::shared_ptr<const CpuForestData> data,
                                                                const forest::Parameters& parameters,
                                                                const ForestExtras& extras, MemoryBudget& budget,
                                                                Workers& workers) {
  auto growth = std::make_unique<CpuForestGrowth>(std::move(data), parameters, extras.leaf_targets, budget, workers);
  const DataSet& rows = growth->rows();
  const std::uint32_t n_classes = rows.n_classes();
  const std::uint64_t bytes = growth->importances_.size() * sizeof(double) +
                              (extras.out_of_bag ? out_of_bag_bytes(rows.n_rows(), n_classes) : 0);
  if (auto taken = growth->kept_.set(bytes); !taken) return std::unexpected(std::move(taken.error()));
  if (!extras.out_of_bag) return growth;
  growth->out_of_bag_.emplace(std::vector<double>(std::size_t{rows.n_rows()} * std::max(1U, n_classes)),
                              std::vector<std::uint32_t>(rows.n_rows()));
  return growth;
}

CpuForestGrowth::CpuForestGrowth(std::shared_ptr<const CpuForestData> data, const forest::Parameters& parameters,
                                 bool leaf_targets, MemoryBudget& budget, Workers& workers)
    : data_(std::move(data)),
      parameters_(parameters),
      leaf_targets_(leaf_targets),
      workers_(workers),
      budget_(budget),
      kept_(budget),
      importances_(data_->n_features(), 0.0),
      growing_(budget),
      most_growers_(workers.threads()) {}

GpuResult<void> CpuForestGrowth::grow(std::uint32_t n_trees) {
  const std::uint64_t wanted = std::min<std::uint64_t>(std::uint64_t{n_finished()} + n_trees, parameters_.n_trees);
  while (!steered_.empty() && n_trees > 0) {
    if (auto advanced = advance(); !advanced) return advanced;
  }
  while (n_finished() < wanted) {
    const auto n = static_cast<std::uint32_t>(wanted - n_finished());
    if (auto made = make_growers(n); !made) return made;
    auto grown = grow_batch(std::min(n, kTreesInABatch));
    if (grown) continue;
    if (grown.error().code != GpuErrorCode::out_of_memory || growers_.size() <= 1) return grown;
    // What one of them holds may be what a tree needs.
    most_growers_ = static_cast<std::uint32_t>(growers_.size() - 1);
    keep_growers(most_growers_);
  }
  return {};
}

void CpuForestGrowth::keep_growers(std::size_t n) {
  growers_.resize(std::min(n, growers_.size()));
  growing_.lower_to(growers_.size() * bytes_of_grower(rows(), parameters_));
}

GpuResult<void> CpuForestGrowth::make_growers(std::uint32_t most) {
  const std::uint64_t bytes = bytes_of_grower(rows(), parameters_);
  for (std::size_t n = std::min(most, most_growers_); n > growers_.size(); --n) {
    auto taken = growing_.set(n * bytes);
    if (!taken && n > 1) continue;
    if (!taken) return taken;
    while (growers_.size() < n) growers_.push_back(tree_grower(rows(), parameters_));
  }
  return {};
}

bool CpuForestGrowth::charge(const GrownTree& grown) {
  const std::lock_guard lock(kept_mutex_);
  return kept_.set(kept_.bytes() + bytes_of_tree(grown.tree)).has_value();
}

GpuResult<void> CpuForestGrowth::grow_batch(std::uint32_t n) {
  std::vector<std::optional<GrownTree>> batch(n);
  std::atomic<bool> is_full = false;
  const bool done = share_out(workers_, n, growers_.size(), [&](std::size_t worker, std::size_t i) {
    if (is_full) return;
    Poll poll = workers_.poll();
    const std::uint32_t number = n_finished() + static_cast<std::uint32_t>(i);
    std::optional<GrownTree> grown = growers_[worker]->grow(number, poll);
    if (!grown) return;
    add_leaf_targets(*grown, number, poll);
    if (workers_.stop()) return;
    if (charge(*grown)) {
      batch[i] = std::move(grown);
    } else {
      is_full = true;
    }
  });
  if (!done) return interrupted();
  return keep(std::move(batch));
}

void CpuForestGrowth::add_leaf_targets(GrownTree& grown, std::uint32_t number, Poll& poll) const {
  if (leaf_targets_) grown.tree.leaf_targets = targets_of_leaves(rows(), parameters_, grown.tree, number, poll);
}

GpuResult<void> CpuForestGrowth::keep(std::vector<std::optional<GrownTree>> batch) {
  const std::size_t n_wanted = batch.size();
  const auto lose_from = [&](std::size_t n) {
    for (; batch.size() > n; batch.pop_back()) {
      if (batch.back()) kept_.lower_to(kept_.bytes() - bytes_of_tree(batch.back()->tree));
    }
  };
  const auto gap = std::ranges::find_if(batch, [](const auto& grown) { return !grown; });
  lose_from(static_cast<std::size_t>(gap - batch.begin()));
  std::size_t n_kept = 0;
  while (n_kept < batch.size()) {
    std::size_t n = out_of_bag_ ? std::min(kTreesAPass, batch.size() - n_kept) : batch.size();
    MemoryCharge pass(budget_);
    const auto bytes = [&] {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < n; ++i) sum += pass_bytes(batch[n_kept + i]->tree, rows().n_rows());
      return sum;
    };
    while (out_of_bag_ && n > 0 && !pass.set(bytes())) {
      n /= 2;
      if (n > 0) continue;
      lose_from(batch.size() - 1);  // which leaves its memory to others
      n = std::min<std::size_t>(1, batch.size() - n_kept);
    }
    const std::uint32_t first = n_finished();
    const std::size_t first_part = trees_.size();
    for (std::size_t i = n_kept; i < n_kept + n; ++i) {
      for (std::size_t feature = 0; feature < batch[i]->importances.size(); ++feature) {
        importances_[feature] += batch[i]->importances[feature];
      }
      n_split_trees_ += batch[i]->importances.empty() ? 0 : 1;
      trees_.push_back(std::move(batch[i]->tree));
      ++n_finished_;
    }
    if (out_of_bag_ && n > 0) {
      add_out_of_bag(rows(), parameters_, std::span(trees_).subspan(first_part), first, *out_of_bag_, workers_);
      if (workers_.stop()) return interrupted();
    }
    if (auto done = join_small_trees(); !done) return done;
    n_kept += n;
  }
  if (n_kept < n_wanted) {
    return gpu_error(GpuErrorCode::out_of_memory,
                     fmt::format("tree {} of {} does not fit the memory that is left", n_finished(), n_trees()));
  }
  return {};
}

GpuResult<void> CpuForestGrowth::join_small_trees() {
  const auto alone = std::span(trees_).subspan(n_joined_);
  std::uint64_t bytes = 0;
  for (const ModelTrees& tree : alone) bytes += ModelTrees::bytes(tree.shape);
  if (leaf_targets_ || bytes < kPartBytes) return {};
  if (alone.size() > 1 && bytes / alone.size() < kSmallTreeBytes) {
    TreesShape shape = merged_shape(shape_of_none(rows().n_features(), rows().n_classes()), alone);
    ModelTrees part = joined_small(alone, std::move(shape), workers_);
    const auto n_alone = static_cast<std::uint32_t>(alone.size());
    trees_.erase(trees_.end() - n_alone, trees_.end());
    if (workers_.stop()) {
      n_finished_ -= n_alone;
      return interrupted();
    }
    trees_.push_back(std::move(part));
  }
  n_joined_ = trees_.size();
  return {};
}

GpuResult<void> CpuForestGrowth::begin_trees(std::uint32_t most) {
  keep_growers(0);
  const std::uint64_t scratch = bytes_of_search(rows(), parameters_) * workers_.threads();
  // Of several trees, as many as can be finished; of one it may be that the guest does not let it grow so large.
  const std::uint64_t tree = most_bytes_of_tree(rows(), parameters_);
  const std::uint64_t room = budget_.left() - std::min(budget_.left(), scratch);
  const auto n = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(room / tree, 1, most));
  if (auto taken = growing_.set(scratch + n * bytes_to_begin_tree(rows())); !taken) return taken;
  while (scratches_.size() < workers_.threads()) scratches_.push_back(steered_scratch(rows(), parameters_));
  std::vector<std::unique_ptr<SteeredTree>> trees(n);
  const std::uint32_t first = n_finished();
  const bool done = workers_.for_each(n, [&](std::size_t i) {
    Poll poll = workers_.poll();
    trees[i] = steered_tree(rows(), parameters_, first + static_cast<std::uint32_t>(i), poll);
  });
  if (!done) return interrupted();
  steered_ = std::move(trees);
  return {};
}

void CpuForestGrowth::list_open_nodes() {
  listed_.clear();
  for (std::uint32_t tree = 0; tree < steered_.size(); ++tree) {
    const auto n = static_cast<std::uint32_t>(steered_[tree]->open_nodes().size());
    for (std::uint32_t node = 0; node < n; ++node) listed_.push_back({tree, node});
  }
}

GpuResult<std::vector<OpenNode>> CpuForestGrowth::open_nodes(std::uint32_t n_trees) {
  list_open_nodes();
  while (listed_.empty() && n_finished() < this->n_trees()) {
    auto begun = steered_.empty() ? begin_trees(std::min(n_trees, this->n_trees() - n_finished())) : keep_steered();
    if (!begun) return std::unexpected(std::move(begun.error()));
    list_open_nodes();
  }
  std::vector<OpenNode> nodes;
  nodes.reserve(listed_.size());
  for (const auto& tree : steered_) {
    const auto open = tree->open_nodes();
    nodes.insert(nodes.end(), open.begin(), open.end());
  }
  return nodes;
}

template <class Body>
GpuResult<void> CpuForestGrowth::for_listed(const Body& body) {
  const bool done = share_out(workers_, listed_.size(), scratches_.size(), [&](std::size_t worker, std::size_t place) {
    body(place, *steered_[listed_[place].tree], *scratches_[worker]);
  });
  if (!done) return interrupted();
  return {};
}

GpuResult<std::vector<std::optional<FoundSplit>>> CpuForestGrowth::best_splits() {
  std::vector<std::optional<FoundSplit>> found(listed_.size());
  auto done = for_listed([&](std::size_t place, SteeredTree& tree, SteeredTree::Scratch& scratch) {
    Poll poll = workers_.poll();
    found[place] = tree.best(listed_[place].node, scratch, poll);
  });
  if (!done) return std::unexpected(std::move(done.error()));
  return found;
}

GpuResult<std::vector<ValueRange>> CpuForestGrowth::value_ranges(std::span<const NodeFeature> of) {
  std::vector<ValueRange> ranges(of.size());
  const bool done = share_out(workers_, of.size(), workers_.threads(), [&](std::size_t /*worker*/, std::size_t i) {
    const Listed& node = listed_[of[i].node];
    Poll poll = workers_.poll();
    ranges[i] = steered_[node.tree]->value_range(node.node, of[i].feature, poll);
  });
  if (!done) return interrupted();
  return ranges;
}

GpuResult<std::vector<std::optional<FoundSplit>>> CpuForestGrowth::evaluate(
    std::span<const SplitCandidate> candidates) {
  std::vector<std::optional<FoundSplit>> found(candidates.size());
  const bool done =
      share_out(workers_, candidates.size(), workers_.threads(), [&](std::size_t /*worker*/, std::size_t i) {
        const Listed& node = listed_[candidates[i].node];
        Poll poll = workers_.poll();
        found[i] = steered_[node.tree]->evaluate(node.node, candidates[i].split, poll);
      });
  if (!done) return interrupted();
  return found;
}

GpuResult<void> CpuForestGrowth::split_nodes(std::span<const SplitDecision> decisions) {
  Poll poll = workers_.poll();
  std::vector<bool> decided(listed_.size());
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const auto& [place, split] = decisions[i];
    const Listed& node = listed_[place];
    decided[place] = true;
    if (!split) {
      steered_[node.tree]->make_leaf(node.node);
    } else if (!steered_[node.tree]->split(node.node, *split, poll)) {
      for (const auto& tree : steered_) tree->forget_decisions();
      if (workers_.stop()) return interrupted();
      return gpu_error(GpuErrorCode::invalid_params,
                       fmt::format("decisions[{}]: feature {} at {} is no valid split of node {}", i, split->feature,
                                   split->threshold, place));
    }
  }
  auto found = for_listed([&](std::size_t place, SteeredTree& tree, SteeredTree::Scratch& scratch) {
    if (decided[place]) return;
    Poll of_thread = workers_.poll();
    tree.find(listed_[place].node, scratch, of_thread);
  });
  auto advanced = found ? advance() : found;
  if (!advanced) {
    for (const auto& tree : steered_) tree->forget_decisions();
  }
  return advanced;
}

GpuResult<void> CpuForestGrowth::advance() {
  std::uint64_t bytes = bytes_of_search(rows(), parameters_) * scratches_.size();
  std::uint64_t largest = 0;
  for (const auto& tree : steered_) {
    const std::uint64_t own = tree->bytes() + tree->bytes_to_advance();
    bytes += own;
    largest = std::max(largest, own);
  }
  // That keep_steered() finds enough: predictions by one tree take no more than it and its sample.
  if (out_of_bag_) bytes += largest + rows().n_rows() * kSampledRow;
  if (auto taken = growing_.set(bytes); !taken) return taken;
  const bool done = share_out(workers_, steered_.size(), scratches_.size(), [&](std::size_t worker, std::size_t i) {
    Poll poll = workers_.poll();
    steered_[i]->advance(*scratches_[worker], poll);
  });
  listed_.clear();
  if (!done) return interrupted();
  const bool any_open = std::ranges::any_of(steered_, [](const auto& tree) { return !tree->open_nodes().empty(); });
  return any_open ? GpuResult<void>() : keep_steered();
}

GpuResult<void> CpuForestGrowth::keep_steered() {
  std::vector<GrownTree> grown;
  Poll poll = workers_.poll();
  for (auto& tree : steered_) {
    const auto number = n_finished() + static_cast<std::uint32_t>(grown.size());
    grown.push_back(grown_tree(tree->take(), rows().n_features(), rows().n_classes()));
    add_leaf_targets(grown.back(), number, poll);
    tree.reset();
  }
  steered_.clear();
  scratches_.clear();
  growing_.lower_to(0);  // what is kept takes no more than this
  std::vector<std::optional<GrownTree>> batch;
  batch.reserve(grown.size());
  for (GrownTree& one : grown) batch.push_back(charge(one) ? std::optional(std::move(one)) : std::nullopt);
  return keep(std::move(batch));
}

GpuResult<void> CpuForestGrowth::stop() {
  if (!steered_.empty()) {
    (void)workers_.for_each(steered_.size(), [&](std::size_t i) {
      Poll poll = workers_.poll();
      steered_[i]->close(poll);
    });
    if (workers_.stop()) return interrupted();
    listed_.clear();
    if (auto kept = keep_steered(); !kept) return kept;
  }
  parameters_.n_trees = n_finished();
  return {};
}

GpuResult<std::unique_ptr<ForestModel>> CpuForestGrowth::finish() {
  if (!data_) return interrupted();  // as it was before
  keep_growers(0);
  for (double& importance : importances_) importance /= std::max(1U, n_split_trees_);
  TreesShape shape = merged_shape(shape_of_none(rows().n_features(), rows().n_classes()), trees_);
  std::uint64_t bytes = ModelTrees::bytes(shape) + importances_.size() * sizeof(double);
  if (out_of_bag_) bytes += out_of_bag_bytes(rows().n_rows(), rows().n_classes());
  for (const ModelTrees& tree : trees_) bytes += leaf_target_bytes(tree);
  if (auto taken = kept_.set(bytes); !taken) return std::unexpected(std::move(taken.error()));
  const std::uint32_t n_rows = rows().n_rows();
  data_.reset();  // where nobody else has it, the model takes its place
  ModelTrees trees = merged(std::move(trees_), std::move(shape), workers_);
  if (workers_.stop()) return interrupted();
  return std::make_unique<CpuForestModel>(
      std::move(trees),
      CpuForestModel::Growth{
          .n_rows = n_rows, .importances = std::move(importances_), .out_of_bag = std::move(out_of_bag_)},
      std::move(kept_), workers_);
}

}  // namespace gpu_host::cpu
