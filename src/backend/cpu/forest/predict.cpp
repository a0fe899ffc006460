#include "backend/cpu/forest/predict.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "backend/cpu/forest/source.hpp"
#include "backend/cpu/forest/walk_loops.hpp"

namespace gpu_host::cpu {
namespace {

// Of a tree, and of a forest, that stays in near caches.
constexpr std::uint64_t kFewNodes = 16384;
constexpr std::uint64_t kFewForestNodes = 131072;
// The values of a block of rows stay in the cache while the trees go by; and large trees, which come from further away,
// go by seldom.
constexpr std::size_t kLeastBlockBytes = 1 << 19;
constexpr std::size_t kMostBlockBytes = 1 << 21;
constexpr std::size_t kLeastBlockWork = 1 << 12;  // rows in trees: enough to wake another thread for

std::size_t parts(std::size_t n, std::size_t size) { return (n + size - 1) / size; }

std::uint32_t ordered(float value, bool& is_missing) {
  if (!std::isnan(value)) return ordered_bits(value);
  is_missing = true;
  return kMissingValue;
}

// The values of some rows, as the loops want them.
class Values {
 public:
  // In tiles.
  Values(const Columns& columns, std::size_t begin, std::size_t end)
      : n_columns_(columns.size()), n_rows_(end - begin) {
    const std::size_t n_tiles = parts(n_rows_, kTileRows);
    const std::size_t tile_size = tiles().size;
    values_ = std::make_unique_for_overwrite<std::uint32_t[]>(n_tiles * tile_size);
    std::vector<float> column(n_tiles * kTileRows);
    for (std::uint32_t feature = 0; feature < n_columns_; ++feature) {
      columns.read(feature, begin, end, column.data());
      for (std::size_t tile = 0; tile < n_tiles; ++tile) {
        std::uint32_t* const to = &values_[tile * tile_size + std::size_t{feature} * kTileRows];
        for (std::size_t r = 0; r < kTileRows; ++r) to[r] = ordered(column[tile * kTileRows + r], has_missing_);
      }
    }
    for (std::size_t tile = 0; tile < n_tiles; ++tile) {
      std::fill_n(&values_[(tile + 1) * tile_size - kTileRows], kTileRows, 0U);
    }
  }
  // Of one row.
  Values(const Columns& columns, std::size_t row) : n_columns_(columns.size()), n_rows_(1) {
    values_ = std::make_unique_for_overwrite<std::uint32_t[]>(n_columns_ + 1);
    for (std::uint32_t feature = 0; feature < n_columns_; ++feature) {
      float value = 0;
      columns.read(feature, row, row + 1, &value);
      values_[feature] = ordered(value, has_missing_);
    }
    values_[n_columns_] = 0;
  }

  [[nodiscard]] bool has_missing() const { return has_missing_; }
  [[nodiscard]] Tiles tiles() const {
    return {values_.get(), n_rows_, std::size_t{n_columns_ + 1} * kTileRows, has_missing_};
  }
  [[nodiscard]] const std::uint32_t* row() const { return values_.get(); }

 private:
  std::uint32_t n_columns_;
  std::size_t n_rows_;
  bool has_missing_ = false;
  std::unique_ptr<std::uint32_t[]> values_;
};

// As many blocks as threads, or a multiple of that: sums have no rounding, so the threads may decide.
std::size_t block_rows(std::size_t n_rows, const TreesShape& shape, std::size_t n_threads) {
  const std::size_t row_bytes =
      (std::size_t{shape.n_features} + 1) * sizeof(std::uint32_t) + (shape.n_outputs - 1) * sizeof(double);
  const std::size_t tree_bytes = shape.n_nodes() / shape.n_trees() * sizeof(NarrowNode);
  const std::size_t most = std::max<std::size_t>(
      kTileRows, std::clamp(2 * tree_bytes, kLeastBlockBytes, kMostBlockBytes) / row_bytes / kTileRows * kTileRows);
  const std::size_t turns = parts(n_rows, most * n_threads);
  const std::size_t least = std::max(kLeastBlockWork / shape.n_trees(), kFewRows);
  return parts(std::max(parts(n_rows, turns * n_threads), least), kFewRows) * kFewRows;
}

// Calls take(tree, row, node) for each tree and each row of [begin, end), of which the first is 0: the number of the
// leaf in the tree.
template <class Nodes, class Take>
void walk_rows(const TreesShape& shape, const Nodes& nodes, const RankedTrees* ranked, const Columns& columns,
               std::size_t begin, std::size_t end, Workers& workers, const Take& take) {
  const WalkLoops& loops = walk_loops();
  Poll poll = workers.poll();
  const auto offsets = std::span(shape.offsets);
  const std::size_t n_trees = shape.n_trees();
  const std::uint64_t taken = shape.tree_numbers();
  if (end - begin < kFewRows) {
    const bool is_small = shape.n_nodes() <= kFewForestNodes;
    RowNodes reached;
    for (std::size_t row = begin; row < end; ++row) {
      const Values values(columns, row);
      for (std::size_t tree = 0; tree < n_trees; tree += kTreesAtOnce) {
        const std::size_t n = std::min<std::size_t>(kTreesAtOnce, n_trees - tree);
        loops.row(nodes, offsets.subspan(tree, n), values.row(), values.has_missing(), is_small, poll, reached);
        if (poll.stop(kTreesAtOnce * taken)) return;
        for (std::size_t t = 0; t < n; ++t) take(tree + t, row - begin, reached[t]);
      }
    }
    return;
  }
  const Values values(columns, begin, end);
  const Tiles tiles = values.tiles();
  std::vector<std::uint32_t> reached(parts(end - begin, kTileRows) * kTileRows);
  std::optional<RankedTrees::Rows> ranks;
  if (ranked != nullptr && end - begin >= RankedTrees::least_rows(shape)) ranks.emplace(*ranked, tiles);
  for (std::size_t tree = 0; tree < n_trees; ++tree) {
    if (ranks) {
      ranks->walk(tree, reached.data());
    } else {
      const bool is_small = offsets[tree + 1] - offsets[tree] <= kFewNodes;
      loops.tiles(nodes.from(offsets[tree]), tiles, is_small, poll, reached.data());
    }
    if (poll.stop(reached.size() * taken)) return;
    for (std::size_t row = 0; row < end - begin; ++row) take(tree, row, reached[row]);
  }
}

// Calls block(nodes, columns, begin, end) for the rows, several blocks at a time.
template <class Block>
bool for_row_blocks(const ModelTrees& trees, const ForestTable& rows, Workers& workers, const Block& block) {
  if (rows.n_rows == 0) return true;  // of which columns may lie anywhere
  const Columns columns(rows.features);
  const TreesShape& shape = trees.shape;
  const std::size_t n_rows = rows.n_rows;
  const std::size_t size = block_rows(n_rows, shape, workers.threads());
  return trees.nodes.visit([&](const auto& nodes) {
    if (n_rows <= size) {
      return workers.for_blocks(n_rows, size, [&](auto begin, auto end) { block(nodes, columns, begin, end); });
    }
    return workers.for_each((n_rows - 1) / size + 1,
                            [&](std::size_t i) { block(nodes, columns, i * size, std::min(n_rows, (i + 1) * size)); });
  });
}

template <class T>
void put(std::byte* to, std::size_t at, T value) {
  std::memcpy(to + at * sizeof(T), &value, sizeof(T));
}

// The numbers of outputs from sums over trees.
class Outputs {
 public:
  explicit Outputs(const ModelTrees& trees)
      : is_binary_(trees.shape.leaves == LeafKind::classes && trees.shape.n_outputs == 2),
        average_(trees.shape.average),
        base_(trees.base),
        n_trees_(trees.shape.n_outputs, trees.tree_outputs.empty() ? trees.shape.n_trees() : 0.0) {
    for (const std::uint32_t output : trees.tree_outputs) ++n_trees_[output];
  }

  void write(std::span<const double> sums, std::byte* to, std::size_t row) const {
    if (is_binary_) {
      put(to, 2 * row, static_cast<float>((n_trees_[0] - sums[0]) / n_trees_[0]));
      put(to, 2 * row + 1, static_cast<float>(sums[0] / n_trees_[0]));
      return;
    }
    for (std::size_t k = 0; k < sums.size(); ++k) {
      const double base = base_.empty() ? 0 : base_[k];
      const bool is_mean = average_ && n_trees_[k] > 0;
      put(to, row * sums.size() + k,
          static_cast<float>(is_mean ? (sums[k] + n_trees_[k] * base) / n_trees_[k] : sums[k] + base));
    }
  }

 private:
  bool is_binary_;
  bool average_;
  std::span<const double> base_;
  std::vector<double> n_trees_;  // that add to each output
};

bool predict_outputs(const ModelTrees& trees, const RankedTrees* ranked, const ForestTable& rows, std::byte* to,
                     Workers& workers) {
  const TreesShape& shape = trees.shape;
  const Outputs outputs(trees);
  const std::size_t n_sums = shape.leaves == LeafKind::classes && shape.n_outputs == 2 ? 1 : shape.n_outputs;
  return for_row_blocks(trees, rows, workers, [&](const auto& nodes, const Columns& columns, auto begin, auto end) {
    std::vector<double> sums((end - begin) * n_sums);
    const auto value_at = [&](std::size_t tree, std::uint32_t node) { return nodes[shape.offsets[tree] + node].value; };
    if (n_sums == 1) {
      walk_rows(shape, nodes, ranked, columns, begin, end, workers,
                [&](std::size_t tree, std::size_t row, std::uint32_t node) {
                  const std::uint32_t value = value_at(tree, node);
                  sums[row] +=
                      static_cast<double>(shape.is_inline() ? std::bit_cast<float>(value) : trees.leaf_values[value]);
                });
    } else if (shape.is_inline()) {
      walk_rows(shape, nodes, ranked, columns, begin, end, workers,
                [&](std::size_t tree, std::size_t row, std::uint32_t node) {
                  sums[row * n_sums + trees.tree_outputs[tree]] +=
                      static_cast<double>(std::bit_cast<float>(value_at(tree, node)));
                });
    } else {
      walk_rows(shape, nodes, ranked, columns, begin, end, workers,
                [&](std::size_t tree, std::size_t row, std::uint32_t node) {
                  const float* const values = &trees.leaf_values[std::size_t{value_at(tree, node)} * n_sums];
                  for (std::size_t k = 0; k < n_sums; ++k) sums[row * n_sums + k] += static_cast<double>(values[k]);
                });
    }
    for (std::size_t row = begin; row < end; ++row) {
      outputs.write(std::span(sums).subspan((row - begin) * n_sums, n_sums), to, row);
    }
  });
}

bool predict_trees(const ModelTrees& trees, const RankedTrees* ranked, const ForestTable& rows, std::byte* to,
                   Workers& workers) {
  const TreesShape& shape = trees.shape;
  const std::size_t n_outputs = shape.leaves == LeafKind::number ? 1 : shape.n_outputs;
  return for_row_blocks(trees, rows, workers, [&](const auto& nodes, const Columns& columns, auto begin, auto end) {
    walk_rows(shape, nodes, ranked, columns, begin, end, workers,
              [&](std::size_t tree, std::size_t row, std::uint32_t node) {
                const std::uint32_t value = nodes[shape.offsets[tree] + node].value;
                const std::size_t at = ((begin + row) * shape.n_trees() + tree) * n_outputs;
                if (!shape.is_inline()) {
                  std::memcpy(to + at * sizeof(float), &trees.leaf_values[std::size_t{value} * n_outputs],
                              n_outputs * sizeof(float));
                } else if (n_outputs == 2) {
                  put(to, at, 1 - std::bit_cast<float>(value));
                  put(to, at + 1, value);
                } else {
                  put(to, at, value);
                }
              });
  });
}

bool predict_leaves(const ModelTrees& trees, const RankedTrees* ranked, const ForestTable& rows, std::byte* to,
                    Workers& workers) {
  const TreesShape& shape = trees.shape;
  return for_row_blocks(trees, rows, workers, [&](const auto& nodes, const Columns& columns, auto begin, auto end) {
    walk_rows(shape, nodes, ranked, columns, begin, end, workers,
              [&](std::size_t tree, std::size_t row, std::uint32_t node) {
                put(to, (begin + row) * shape.n_trees() + tree, node);
              });
  });
}

// Quantiles at the leaves that a row reaches.
class RowQuantiles {
 public:
  RowQuantiles(const LeafTargets& targets, std::span<const std::uint32_t> leaves) : targets_(targets), leaves_(leaves) {
    for (const std::uint32_t leaf : leaves) {
      const std::uint64_t end = targets.offsets[leaf + 1];
      sum_ += targets.sums[end - 1];
      least_ = std::min(least_, targets.targets[targets.offsets[leaf]]);
      most_ = std::max(most_, targets.targets[end - 1]);
    }
  }

  [[nodiscard]] float operator()(double quantile) const {
    const double wanted = std::max(1.0, std::ceil(quantile * static_cast<double>(sum_)));
    const std::uint64_t least_sum = std::min(static_cast<std::uint64_t>(wanted), sum_);
    std::uint32_t low = ordered_bits(least_);
    std::uint32_t high = ordered_bits(most_);
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (sum_up_to(from_ordered_bits(middle)) >= least_sum) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return from_ordered_bits(low);
  }

 private:
  [[nodiscard]] std::uint64_t sum_up_to(float target) const {
    std::uint64_t sum = 0;
    for (const std::uint32_t leaf : leaves_) {
      const auto begin = targets_.targets.begin() + static_cast<std::ptrdiff_t>(targets_.offsets[leaf]);
      const auto end = targets_.targets.begin() + static_cast<std::ptrdiff_t>(targets_.offsets[leaf + 1]);
      const auto after = std::upper_bound(begin, end, target);
      if (after != begin) sum += targets_.sums[static_cast<std::size_t>(after - targets_.targets.begin()) - 1];
    }
    return sum;
  }

  const LeafTargets& targets_;
  std::span<const std::uint32_t> leaves_;
  std::uint64_t sum_ = 0;
  float least_ = std::numeric_limits<float>::infinity();
  float most_ = -std::numeric_limits<float>::infinity();
};

}  // namespace

bool predict(const ModelTrees& trees, const RankedTrees* ranked, const ForestTable& rows, ForestPrediction what,
             std::byte* to, Workers& workers) {
  switch (what) {
    case ForestPrediction::outputs:
      return predict_outputs(trees, ranked, rows, to, workers);
    case ForestPrediction::trees:
      return predict_trees(trees, ranked, rows, to, workers);
    case ForestPrediction::leaves:
      return predict_leaves(trees, ranked, rows, to, workers);
  }
  return true;
}

bool predict_quantiles(const ModelTrees& trees, const RankedTrees* ranked, const ForestTable& rows,
                       std::span<const double> quantiles, std::byte* to, Workers& workers) {
  const TreesShape& shape = trees.shape;
  const std::size_t n_trees = shape.n_trees();
  return for_row_blocks(trees, rows, workers, [&](const auto& nodes, const Columns& columns, auto begin, auto end) {
    // As many rows at a time as their leaves' numbers fit in a cache.
    const std::size_t n_at_once = std::max<std::size_t>(1, kLeastBlockBytes / (n_trees * sizeof(std::uint32_t)));
    Poll poll = workers.poll();
    for (std::size_t first = begin; first < end; first += n_at_once) {
      const std::size_t n_rows = std::min<std::size_t>(n_at_once, end - first);
      std::vector<std::uint32_t> leaves(n_rows * n_trees);
      walk_rows(shape, nodes, ranked, columns, first, first + n_rows, workers,
                [&](std::size_t tree, std::size_t row, std::uint32_t node) {
                  leaves[row * n_trees + tree] = trees.leaf_numbers[shape.offsets[tree] + node];
                });
      for (std::size_t row = 0; row < n_rows; ++row) {
        if (poll.stop(n_trees)) return;
        const RowQuantiles at_row(*trees.leaf_targets, std::span(leaves).subspan(row * n_trees, n_trees));
        for (std::size_t i = 0; i < quantiles.size(); ++i) {
          if (poll.stop(kTileRows * n_trees)) return;
          put(to, (first + row) * quantiles.size() + i, at_row(quantiles[i]));
        }
      }
    }
  });
}

}  // namespace gpu_host::cpu
