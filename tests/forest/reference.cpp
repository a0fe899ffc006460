#include "forest/reference.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace gpu_host::forest_reference {
namespace {

using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i64 = std::int64_t;
__extension__ using u128 = unsigned __int128;
__extension__ using i128 = __int128;

u32 bits(u64 x) { return static_cast<u32>(std::bit_width(x)); }
i64 floor_divide(i64 a, i64 b) { return a / b - (a % b < 0 ? 1 : 0); }
u32 mulhi(u32 a, u32 b) { return static_cast<u32>(u64{a} * b >> 32U); }

// -- 2. Random numbers ------------------------------------------------------------
using Words = std::array<u32, 2>;

Words threefry(Words key, u32 a, u32 b) {
  constexpr std::array kRotations{13, 15, 26, 6, 17, 29, 16, 24};
  const std::array<u32, 3> keys{key[0], key[1], 0x1BD11BDAU ^ key[0] ^ key[1]};
  u32 x = a + keys[0];
  u32 y = b + keys[1];
  for (u32 round = 0; round < 13; ++round) {
    x += y;
    y = std::rotl(y, kRotations[round % 8]) ^ x;
    if (round % 4 != 3) continue;
    const u32 injection = round / 4 + 1;
    x += keys[injection % 3];
    y += keys[(injection + 1) % 3] + injection;
  }
  return {x, y};
}

u32 word(Words key, u32 j) { return threefry(key, j / 2, 0)[j % 2]; }

// -- 1. Values and bins -------------------------------------------------------------
constexpr u32 kMissing = std::numeric_limits<u32>::max();

struct Counted {
  float value;
  u64 count;
};

// The number of values of each bin.
std::vector<std::size_t> divide(const std::vector<Counted>& values, u64 bins) {
  std::vector<std::size_t> sizes;
  u64 left = 0;
  for (const Counted& value : values) left += value.count;
  u64 free = bins;
  u64 open = 0;
  std::size_t size = 0;
  for (std::size_t j = 0; j < values.size(); ++j) {
    const bool have_their_own = values.size() - j <= free - 1;
    if (size > 0 && free > 1 && (have_their_own || (2 * open + values[j].count) * free > 2 * left)) {
      sizes.push_back(size);
      left -= open;
      --free;
      open = 0;
      size = 0;
    }
    open += values[j].count;
    ++size;
  }
  if (size > 0) sizes.push_back(size);
  return sizes;
}

struct Feature {
  std::vector<float> edges;   // between fine bins
  std::vector<u32> coarse;    // of each fine bin
  std::vector<u32> fine_bin;  // of each row
};

float middle(float a, float b) {
  const auto edge = static_cast<float>(static_cast<double>(a) / 2 + static_cast<double>(b) / 2);
  return edge < b ? edge : a;
}

Feature bins_of(const std::vector<float>& column, const std::vector<std::size_t>& sample,
                const Parameters& parameters) {
  std::map<float, u64> counts;
  for (const std::size_t row : sample) {
    if (!std::isnan(column[row])) ++counts[column[row] + 0.0F];
  }
  std::vector<Counted> values;
  for (const auto& [value, count] : counts) values.push_back({value, count});
  Feature feature;
  std::optional<float> last;
  std::size_t begin = 0;
  u32 coarse = 0;
  for (const std::size_t size : divide(values, parameters.max_bins)) {
    const std::vector<Counted> own(values.begin() + static_cast<i64>(begin),
                                   values.begin() + static_cast<i64>(begin + size));
    std::size_t at = 0;
    for (const std::size_t fine : parameters.fine ? divide(own, 256) : std::vector<std::size_t>{size}) {
      if (last) feature.edges.push_back(middle(*last, own[at].value));
      last = own[at + fine - 1].value;
      feature.coarse.push_back(coarse);
      at += fine;
    }
    begin += size;
    ++coarse;
  }
  for (const float value : column) {
    const auto below = std::ranges::count_if(feature.edges, [value](float edge) { return edge < value; });
    feature.fine_bin.push_back(std::isnan(value) ? kMissing : static_cast<u32>(below));
  }
  return feature;
}

// -- 3. and 4.: what is computed once -------------------------------------------------
std::vector<u64> draw_integers(const Data& data) {
  std::vector<u64> integers(data.targets.size(), 1);
  if (data.draw_weights.empty()) return integers;
  const double most = std::ranges::max(data.draw_weights);
  for (std::size_t i = 0; i < integers.size(); ++i) {
    const double weight = data.draw_weights[i];
    integers[i] = weight > 0 ? std::max<u64>(1, static_cast<u64>(std::rint(weight * 0x1p32 / most))) : 0;
  }
  return integers;
}

struct Targets {
  std::vector<i64> p;  // of classification: classes
  std::vector<i64> q;
  u32 beta = 0;
  double center = 0;
  double most = 0;  // M
};

Targets targets_of(const Data& data, const std::vector<u64>& draws, bool are_classes) {
  Targets targets;
  const std::size_t n = data.targets.size();
  if (are_classes) {
    for (const double target : data.targets) targets.p.push_back(static_cast<i64>(target));
    return targets;
  }
  std::vector<std::size_t> order;
  u128 total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (draws[i] == 0) continue;
    order.push_back(i);
    total += draws[i];
  }
  std::ranges::stable_sort(order, {}, [&data](std::size_t i) { return data.targets[i]; });
  u128 below = 0;
  for (const std::size_t i : order) {
    below += draws[i];
    targets.center = data.targets[i];
    if (2 * below >= total) break;
  }
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (draws[i] == 0) continue;
    const double distance = std::abs(data.targets[i] - targets.center);
    sum += distance;
    targets.most = std::max(targets.most, distance);
  }
  targets.p.assign(n, 0);
  targets.q.assign(n, 0);
  if (targets.most < 0x1p-900) {
    targets.most = 0;
    return targets;
  }
  const double mean = sum / static_cast<double>(order.size());
  const double tail = std::ceil(std::log2(targets.most / mean));
  targets.beta = static_cast<u32>(std::min(24.0, std::max(13.0, 11 + tail)));
  for (std::size_t i = 0; i < n; ++i) {
    if (draws[i] == 0) continue;
    targets.p[i] = static_cast<i64>(std::rint((data.targets[i] - targets.center) * (0x1p30 / targets.most)));
    targets.q[i] = (targets.p[i] + (i64{1} << (29U - targets.beta))) >> (30U - targets.beta);
  }
  return targets;
}

// The multiplicities m of tree t.
std::vector<i64> rows_of_tree(const Data& data, const Parameters& parameters, const std::vector<u64>& draws, u32 tree) {
  const std::size_t n = draws.size();
  std::vector<i64> counts(n, 0);
  const Words seed{static_cast<u32>(parameters.seed), static_cast<u32>(parameters.seed >> 32U)};
  const Words key = threefry(seed, tree, 1);
  if (!parameters.n_draws) {
    for (std::size_t i = 0; i < n; ++i) counts[i] = draws[i] > 0 ? 1 : 0;
  } else if (data.draw_weights.empty()) {
    for (u32 i = 0; i < *parameters.n_draws; ++i) ++counts[mulhi(word(key, i), static_cast<u32>(n))];
  } else {
    std::vector<u64> cumulative(n);
    std::partial_sum(draws.begin(), draws.end(), cumulative.begin());
    for (u32 i = 0; i < *parameters.n_draws; ++i) {
      const Words words = threefry(key, i, 0);
      const u128 random = u64{words[1]} << 32U | words[0];
      const u64 target = static_cast<u64>(random * cumulative.back() >> 64U);
      ++counts[static_cast<std::size_t>(std::ranges::upper_bound(cumulative, target) - cumulative.begin())];
    }
  }
  const u32 nu = std::min(20U, 31U - bits(parameters.n_draws.value_or(static_cast<u32>(n))));
  if (parameters.balanced_subsample) {
    std::vector<i64> of_class(parameters.n_classes, 0);
    for (std::size_t i = 0; i < n; ++i) of_class[static_cast<std::size_t>(data.targets[i])] += counts[i];
    i64 least = std::numeric_limits<i64>::max();
    for (const i64 count : of_class) least = count > 0 ? std::min(least, count) : least;
    for (std::size_t i = 0; i < n; ++i) {
      const i64 own = of_class[static_cast<std::size_t>(data.targets[i])];
      if (counts[i] > 0) counts[i] *= std::max<i64>(1, ((i64{2} << nu) * least + own) / (2 * own));
    }
  } else if (!data.criterion_weights.empty()) {
    const double most = std::ranges::max(data.criterion_weights);
    for (std::size_t i = 0; i < n; ++i) {
      const double weight = data.criterion_weights[i];
      const double scaled = std::rint(weight * static_cast<double>(u64{1} << nu) / most);
      counts[i] *= weight > 0 ? std::max<i64>(1, static_cast<i64>(scaled)) : 0;
    }
  }
  return counts;
}

// -- 5. Splits --------------------------------------------------------------------------
struct Rows {
  std::vector<std::size_t> rows;
  Words key{};
};

struct Sums {
  i64 weight = 0;
  i64 rows = 0;
  std::vector<i64> sums;  // S, or L_c
};

struct Split {
  u32 feature = 0;
  u32 bin = 0;   // the last fine bin of the left side that is occupied; all values left: kMissing
  u32 next = 0;  // the first of the right side
  bool has_missing = false;
  bool missing_left = false;
  u64 score = 0;
};

class Grower {
 public:
  Grower(const Data& data, const Parameters& parameters, const std::vector<Feature>& features, const Targets& targets,
         std::vector<i64> multiplicities)
      : parameters_(parameters),
        features_(features),
        targets_(targets),
        m_(std::move(multiplicities)),
        n_features_(static_cast<u32>(data.columns.size())) {}

  Tree grow(Words root_key) {
    Tree tree;
    std::vector<Rows> level(1);
    for (std::size_t i = 0; i < m_.size(); ++i) {
      if (m_[i] > 0) level[0].rows.push_back(i);
    }
    level[0].key = root_key;
    root_weight_ = sums_of(level[0].rows).weight;
    for (u32 depth = 0; !level.empty(); ++depth) {
      std::vector<Rows> next;
      const auto first = static_cast<u32>(tree.size() + level.size());  // of the next level
      for (const Rows& rows : level) {
        Node node = leaf(rows.rows, depth);
        if (const auto split = find_split(rows, depth)) {
          node.left = first + static_cast<u32>(next.size());
          apply(rows, *split, node, next);
        }
        tree.push_back(std::move(node));
      }
      level = std::move(next);
    }
    return tree;
  }

 private:
  Sums sums_of(const std::vector<std::size_t>& rows) const {
    Sums all;
    all.sums.resize(std::max(parameters_.n_classes, 1U));
    for (const std::size_t row : rows) {
      all.weight += m_[row];
      ++all.rows;
      if (parameters_.n_classes == 0) {
        all.sums[0] += m_[row] * targets_.q[row];
      } else {
        all.sums[static_cast<std::size_t>(targets_.p[row])] += m_[row];
      }
    }
    return all;
  }

  Node leaf(const std::vector<std::size_t>& rows, u32 depth) const {
    const Sums all = sums_of(rows);
    Node node;
    node.depth = depth;
    node.weight = static_cast<u32>(all.weight);
    node.rows = static_cast<u32>(all.rows);
    node.sums = all.sums;
    if (parameters_.n_classes > 0) return node;
    i128 sum = 0;
    for (const std::size_t row : rows) sum += static_cast<i128>(m_[row]) * targets_.p[row];
    const double mean = static_cast<double>(sum) / static_cast<double>(all.weight);
    node.value = static_cast<float>(targets_.center + mean * (targets_.most / 0x1p30));
    return node;
  }

  std::vector<u32> order_of_features(Words key) const {
    std::vector<u32> order(n_features_);
    std::iota(order.begin(), order.end(), 0U);
    if (parameters_.max_features == 0 || parameters_.max_features == n_features_) {
      std::ranges::rotate(order, order.begin() + mulhi(word(key, 0), n_features_));
      return order;
    }
    for (u32 j = 0; j < n_features_; ++j) std::swap(order[j], order[j + mulhi(word(key, j), n_features_ - j)]);
    return order;
  }

  // The scale of scores: k, and of squared error also r.
  std::pair<u32, u32> shifts(const Sums& node) const {
    const u32 weight_bits = bits(static_cast<u64>(node.weight));
    if (parameters_.n_classes > 0) return {62 - 2 * weight_bits, 0};
    const u32 sum_bits = weight_bits + targets_.beta + 1;
    return {62 - 2 * std::min(31U, sum_bits), sum_bits > 31 ? sum_bits - 31 : 0};
  }

  u64 score(const Sums& side, const Sums& node) const {
    const auto [k, r] = shifts(node);
    u64 squares = 0;
    if (parameters_.n_classes > 0) {
      for (const i64 sum : side.sums) squares += static_cast<u64>(sum * sum);
    } else {
      const i64 sum = (side.sums[0] - floor_divide(node.sums[0], node.weight) * side.weight) >> r;
      squares = static_cast<u64>(sum * sum);
    }
    return (squares << k) / static_cast<u64>(side.weight);
  }

  // The best of the candidates between the occupied ones of `bins`, which rows with a value have; each row of the node
  // without one is missing. `fixed`: the side of missing values, where it is decided.
  template <class BinOf>
  std::optional<Split> best_between(const std::vector<std::size_t>& rows, const std::set<u32>& bins,
                                    const BinOf& bin_of, bool all_left_too, std::optional<bool> fixed) const {
    const Sums node = sums_of(rows);
    const bool has_missing = std::ranges::any_of(rows, [&](std::size_t row) { return bin_of(row) == kMissing; });
    std::optional<Split> best;
    const auto consider = [&](u32 bin, u32 next, bool missing_left) {
      std::vector<std::size_t> left;
      std::vector<std::size_t> right;
      for (const std::size_t row : rows) {
        const u32 own = bin_of(row);
        const bool goes_left = own == kMissing ? missing_left : bin == kMissing || own <= bin;
        (goes_left ? left : right).push_back(row);
      }
      if (left.size() < parameters_.min_samples_leaf || right.size() < parameters_.min_samples_leaf) return;
      if (left.empty() || right.empty()) return;
      const double least = std::ceil(parameters_.min_weight_fraction_leaf * static_cast<double>(root_weight_));
      const i64 lighter = std::min(sums_of(left).weight, sums_of(right).weight);
      if (static_cast<double>(lighter) < least) return;
      const u64 total = score(sums_of(left), node) + score(sums_of(right), node);
      if (!best || total > best->score) best = Split{0, bin, next, has_missing, missing_left, total};
    };
    for (auto bin = bins.begin(); bin != bins.end() && std::next(bin) != bins.end(); ++bin) {
      for (const bool missing_left : {false, true}) {
        if (fixed ? missing_left == *fixed : !missing_left || has_missing)
          consider(*bin, *std::next(bin), missing_left);
      }
    }
    if (all_left_too && has_missing && !bins.empty()) consider(kMissing, kMissing, false);
    return best;
  }

  static bool starts_coarse(const std::vector<std::size_t>& rows, const std::set<u32>& coarse_bins) {
    return rows.size() > 32 && coarse_bins.size() > 4;
  }

  std::optional<Split> best_of_feature(const std::vector<std::size_t>& rows, u32 number) const {
    const Feature& feature = features_[number];
    const auto fine_of = [&](std::size_t row) { return feature.fine_bin[row]; };
    const auto coarse_of = [&](std::size_t row) {
      return feature.fine_bin[row] == kMissing ? kMissing : feature.coarse[feature.fine_bin[row]];
    };
    std::set<u32> coarse;
    std::set<u32> fine;
    for (const std::size_t row : rows) {
      if (fine_of(row) == kMissing) continue;
      fine.insert(fine_of(row));
      coarse.insert(coarse_of(row));
    }
    auto best = starts_coarse(rows, coarse) ? best_between(rows, coarse, coarse_of, true, {})
                                            : best_between(rows, fine, fine_of, true, {});
    if (best) best->feature = number;
    return best;
  }

  std::optional<Split> refined(const std::vector<std::size_t>& rows, const Split& split) const {
    const Feature& feature = features_[split.feature];
    const auto fine_of = [&](std::size_t row) { return feature.fine_bin[row]; };
    std::set<u32> coarse;
    for (const std::size_t row : rows) {
      if (fine_of(row) != kMissing) coarse.insert(feature.coarse[fine_of(row)]);
    }
    if (split.bin == kMissing || !starts_coarse(rows, coarse)) return split;
    // All occupied fine bins of the two coarse ones: candidates lie between them.
    std::set<u32> fine;
    for (const std::size_t row : rows) {
      if (fine_of(row) == kMissing) continue;
      const u32 own = feature.coarse[fine_of(row)];
      if (own == split.bin || own == split.next) fine.insert(fine_of(row));
    }
    auto best = best_between(rows, fine, fine_of, false, split.missing_left);
    best->feature = split.feature;
    best->has_missing = split.has_missing;
    return best;
  }

  std::optional<Split> find_split(const Rows& node, u32 depth) const {
    const std::vector<std::size_t>& rows = node.rows;
    if (depth == parameters_.max_depth || rows.size() < parameters_.min_samples_split) return std::nullopt;
    const bool is_pure =
        std::ranges::all_of(rows, [&](std::size_t row) { return targets_.p[row] == targets_.p[rows[0]]; });
    if (is_pure) return std::nullopt;
    const u32 most = parameters_.max_features == 0 ? n_features_ : parameters_.max_features;
    std::optional<Split> best;
    u32 tried = 0;
    for (const u32 feature : order_of_features(node.key)) {
      if (tried++ >= most && best) break;
      const auto own = best_of_feature(rows, feature);
      if (own && (!best || own->score > best->score)) best = own;
    }
    if (best) best = refined(rows, *best);
    if (!best || parameters_.min_impurity_decrease <= 0) return best;
    const Sums all = sums_of(rows);
    const auto [k, r] = shifts(all);
    const double scale = parameters_.n_classes > 0 ? 1 : std::exp2(targets_.beta) / targets_.most;
    const double theta = parameters_.min_impurity_decrease * static_cast<double>(root_weight_) * scale * scale;
    const double least = std::ceil(std::ldexp(theta, static_cast<int>(k) - 2 * static_cast<int>(r)));
    const u64 gain = best->score - std::min(best->score, score(all, all));
    return static_cast<double>(gain) >= least ? best : std::nullopt;
  }

  void apply(const Rows& rows, const Split& split, Node& node, std::vector<Rows>& next) const {
    const Feature& feature = features_[split.feature];
    std::array<Rows, 2> children;
    for (u32 side = 0; side < 2; ++side) children[side].key = threefry(rows.key, side, 3);
    for (const std::size_t row : rows.rows) {
      const u32 bin = feature.fine_bin[row];
      const bool goes_left = bin == kMissing ? split.missing_left : split.bin == kMissing || bin <= split.bin;
      children[goes_left ? 0 : 1].rows.push_back(row);
    }
    node.feature = static_cast<std::int32_t>(split.feature);
    node.threshold = split.bin == kMissing ? std::numeric_limits<float>::infinity()
                                           : feature.edges[(split.bin + split.next - 1) / 2];
    node.missing_left =
        split.has_missing ? split.missing_left : sums_of(children[0].rows).weight > sums_of(children[1].rows).weight;
    for (Rows& child : children) next.push_back(std::move(child));
  }

  const Parameters& parameters_;
  const std::vector<Feature>& features_;
  const Targets& targets_;
  std::vector<i64> m_;
  u32 n_features_;
  i64 root_weight_ = 0;
};

}  // namespace

// -- 7. Predictions ----------------------------------------------------------------------
double grid(double most, std::uint32_t n_trees) {
  int exponent = -1000;  // where all is 0, any will do
  while (most > std::ldexp(1.0, exponent)) ++exponent;
  return std::ldexp(1.0, exponent + static_cast<int>(bits(n_trees)) - 52);
}

double on_grid(double value, double unit) {
  return static_cast<double>(std::rint(static_cast<long double>(value) / static_cast<long double>(unit)) *
                             static_cast<long double>(unit));
}

void put_on_grid(std::vector<Tree>& trees) {
  double most = 0;
  for (const Tree& tree : trees) {
    for (const Node& node : tree) {
      if (node.feature < 0) most = std::max(most, std::abs(static_cast<double>(node.value)));
    }
  }
  const double unit = grid(most, static_cast<u32>(trees.size()));
  for (Tree& tree : trees) {
    for (Node& node : tree) node.of_model = static_cast<float>(on_grid(static_cast<double>(node.value), unit));
  }
}

std::vector<Tree> grow(const Data& data, const Parameters& parameters) {
  const std::vector<u64> draws = draw_integers(data);
  const Targets targets = targets_of(data, draws, parameters.n_classes > 0);
  const Words seed{static_cast<u32>(parameters.seed), static_cast<u32>(parameters.seed >> 32U)};
  const u64 n = draws.size();
  std::vector<std::size_t> sample;
  constexpr u64 kSample = u64{1} << 18U;
  const auto n_drawn = static_cast<u64>(std::ranges::count_if(draws, [](u64 draw) { return draw > 0; }));
  for (u64 i = 0; i < (n_drawn > kSample ? kSample : n); ++i) {
    u64 row = i;
    if (n_drawn > kSample)
      row = static_cast<u64>((u128{i} << 32U | threefry(seed, static_cast<u32>(i), 4)[0]) * n >> 50U);
    if (draws[row] > 0) sample.push_back(row);
  }
  std::vector<Feature> features;
  for (const auto& column : data.columns) features.push_back(bins_of(column, sample, parameters));
  std::vector<Tree> trees;
  for (u32 tree = 0; tree < parameters.n_trees; ++tree) {
    Grower grower(data, parameters, features, targets, rows_of_tree(data, parameters, draws, tree));
    trees.push_back(grower.grow(threefry(seed, tree, 2)));
  }
  if (parameters.n_classes == 0) put_on_grid(trees);
  return trees;
}

std::vector<std::vector<std::vector<LeafTarget>>> leaf_targets(const Data& data, const Parameters& parameters,
                                                               const std::vector<Tree>& trees) {
  const std::vector<u64> draws = draw_integers(data);
  const Targets targets = targets_of(data, draws, false);
  std::vector<std::vector<std::vector<LeafTarget>>> all;
  for (u32 tree = 0; tree < trees.size(); ++tree) {
    auto& leaves = all.emplace_back(trees[tree].size());
    const std::vector<i64> m = rows_of_tree(data, parameters, draws, tree);
    for (std::size_t row = 0; row < m.size(); ++row) {
      if (m[row] == 0) continue;
      const u32 leaf = leaf_of(trees[tree], data.columns, row);
      const double target = targets.center + static_cast<double>(targets.p[row]) * (targets.most / 0x1p30);
      leaves[leaf].push_back(
          {static_cast<float>(target), (static_cast<u64>(m[row]) << 32U) / trees[tree][leaf].weight});
    }
  }
  return all;
}

std::uint32_t leaf_of(const Tree& tree, const std::vector<std::vector<float>>& columns, std::size_t row) {
  u32 at = 0;
  while (tree[at].feature >= 0) {
    const Node& node = tree[at];
    const float value = columns[static_cast<std::size_t>(node.feature)][row];
    const bool goes_left = std::isnan(value) ? node.missing_left : value <= node.threshold;
    at = node.left + (goes_left ? 0 : 1);
  }
  return at;
}

}  // namespace gpu_host::forest_reference
