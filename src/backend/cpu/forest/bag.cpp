#include "backend/cpu/forest/bag.hpp"

#include <algorithm>
#include <span>

#include "forest/threefry.hpp"

namespace gpu_host::cpu {
namespace {

std::vector<std::uint32_t> drawn_counts(const DataSet& data, const forest::Parameters& parameters, std::uint32_t tree) {
  const std::uint32_t n = data.n_rows();
  const forest::Key key = forest::threefry(forest::key_of_seed(parameters.seed), tree, forest::Purpose::draws);
  std::vector<std::uint32_t> counts(n, 0);
  if (!parameters.n_draws) {
    for (std::uint32_t row = 0; row < n; ++row) counts[row] = data.can_be_drawn(row) ? 1 : 0;
  } else if (data.draw_sums().empty()) {
    forest::Words words(key);
    for (std::uint32_t i = 0; i < *parameters.n_draws; ++i) ++counts[forest::below(n, words.next())];
  } else {
    const std::span sums = data.draw_sums();
    for (std::uint32_t i = 0; i < *parameters.n_draws; ++i) {
      const forest::Key words = forest::threefry(key, i, forest::Purpose::words);
      __extension__ using Wide = unsigned __int128;
      const Wide random = std::uint64_t{words.high} << 32U | words.low;
      const auto target = static_cast<std::uint64_t>(random * sums.back() >> 64U);
      ++counts[static_cast<std::size_t>(std::ranges::upper_bound(sums, target) - sums.begin())];
    }
  }
  return counts;
}

void balance(const DataSet& data, std::uint32_t bits, std::vector<std::uint32_t>& counts) {
  std::vector<std::uint64_t> of_class(data.n_classes(), 0);
  for (std::uint32_t row = 0; row < counts.size(); ++row)
    of_class[static_cast<std::size_t>(data.target(row))] += counts[row];
  std::uint64_t least = UINT64_MAX;
  for (const std::uint64_t count : of_class) least = count > 0 ? std::min(least, count) : least;
  for (std::uint32_t row = 0; row < counts.size(); ++row) {
    const std::uint64_t own = of_class[static_cast<std::size_t>(data.target(row))];
    if (counts[row] == 0) continue;
    const std::uint64_t weight = ((std::uint64_t{2} << bits) * least + own) / (2 * own);
    counts[row] *= static_cast<std::uint32_t>(std::max<std::uint64_t>(1, weight));
  }
}

}  // namespace

std::vector<BagRow> draw_bag(const DataSet& data, const forest::Parameters& parameters, std::uint32_t tree) {
  std::vector<std::uint32_t> counts = drawn_counts(data, parameters, tree);
  if (parameters.balanced_subsample) {
    balance(data, forest::bits_of_criterion_weights(parameters.n_draws.value_or(data.n_rows())), counts);
  } else if (!data.criterion_weights().empty()) {
    for (std::size_t row = 0; row < counts.size(); ++row) counts[row] *= data.criterion_weights()[row];
  }
  std::vector<BagRow> bag;
  bag.reserve(counts.size());
  for (std::uint32_t row = 0; row < counts.size(); ++row) {
    if (counts[row] > 0) bag.push_back({row, counts[row]});
  }
  return bag;
}

}  // namespace gpu_host::cpu
