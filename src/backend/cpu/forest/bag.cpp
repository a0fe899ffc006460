#include "backend/cpu/forest/bag.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "backend/cpu/forest/polled_loop.hpp"
#include "forest/threefry.hpp"

namespace gpu_host::cpu {
namespace {

// What follows stops where the poll says so.

void count_draws(const DataSet& data, const forest::Parameters& parameters, std::uint32_t tree, Poll& poll,
                 LargeVector<std::uint32_t>& counts) {
  const std::uint32_t n = data.n_rows();
  const forest::Key key = forest::threefry(forest::key_of_seed(parameters.seed), tree, forest::Purpose::draws);
  counts.assign(n, 0);
  if (!parameters.n_draws) {
    for_all(0, n, poll, [&](std::uint32_t row) { counts[row] = data.can_be_drawn(row) ? 1 : 0; });
  } else if (data.draw_sums().empty()) {
    forest::Words words(key);
    for_all(0, *parameters.n_draws, poll, [&](std::uint32_t /*draw*/) { ++counts[forest::below(n, words.next())]; });
  } else {
    const std::span sums = data.draw_sums();
    constexpr std::uint32_t kWork = 8;
    const auto draw = [&](std::uint32_t i) {
      const forest::Key words = forest::threefry(key, i, forest::Purpose::words);
      __extension__ using Wide = unsigned __int128;
      const Wide random = std::uint64_t{words.high} << 32U | words.low;
      const auto target = static_cast<std::uint64_t>(random * sums.back() >> 64U);
      ++counts[static_cast<std::size_t>(std::ranges::upper_bound(sums, target) - sums.begin())];
    };
    for_all(0, *parameters.n_draws, poll, draw, kWork);
  }
}

void balance(const DataSet& data, std::uint32_t bits, std::span<std::uint32_t> counts, Poll& poll) {
  const auto n = static_cast<std::uint32_t>(counts.size());
  std::vector<std::uint64_t> of_class(data.n_classes(), 0);
  for_all(0, n, poll, [&](std::uint32_t row) { of_class[static_cast<std::size_t>(data.target(row))] += counts[row]; });
  std::uint64_t least = UINT64_MAX;
  for (const std::uint64_t count : of_class) least = count > 0 ? std::min(least, count) : least;
  for_all(0, n, poll, [&](std::uint32_t row) {
    if (counts[row] == 0) return;
    const std::uint64_t own = of_class[static_cast<std::size_t>(data.target(row))];
    const std::uint64_t weight = ((std::uint64_t{2} << bits) * least + own) / (2 * own);
    counts[row] *= static_cast<std::uint32_t>(std::max<std::uint64_t>(1, weight));
  });
}

}  // namespace

void draw_bag(const DataSet& data, const forest::Parameters& parameters, std::uint32_t tree, Poll& poll, Bag& bag) {
  bag.clear();
  LargeVector<std::uint32_t> counts;
  count_draws(data, parameters, tree, poll, counts);
  if (poll.stop(0)) return;
  const std::uint32_t n = data.n_rows();
  if (parameters.balanced_subsample) {
    balance(data, forest::bits_of_criterion_weights(parameters.n_draws.value_or(n)), counts, poll);
  } else if (const auto weights = data.criterion_weights(); !weights.empty()) {
    for_all(0, n, poll, [&](std::uint32_t row) { counts[row] *= weights[row]; });
  }
  bag.reserve(static_cast<std::size_t>(std::ranges::count_if(counts, [](std::uint32_t count) { return count > 0; })));
  for_all(0, n, poll, [&](std::uint32_t row) {
    if (counts[row] > 0) bag.push_back({row, counts[row]});
  });
  if (poll.stop(0)) bag.clear();
}

Bag draw_bag(const DataSet& data, const forest::Parameters& parameters, std::uint32_t tree, Poll& poll) {
  Bag bag;
  draw_bag(data, parameters, tree, poll, bag);
  return bag;
}

}  // namespace gpu_host::cpu
