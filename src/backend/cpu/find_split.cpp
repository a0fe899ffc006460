// A score needs only the count and the label sum of the left side:
//   sum of squared deviations = sum of squares - (sum)^2 / count
// for each side, in double. So that this does not cancel where the labels have a
// large common offset, the mean of some of the node's own labels is taken off
// all of them: its squared distance from the mean of all is then small against
// the total squared deviation, whatever the labels are.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>

#include "backend/cpu/kernels.hpp"
#include "backend/kernel_errors.hpp"

namespace gpu_host::cpu {
namespace {

// Bounds the scratch, whatever a guest asks for; a guest has fewer as a rule.
constexpr std::size_t kThresholdBlock = 1 << 16;
// So many are compared with every row instead of being sorted.
constexpr std::size_t kFewThresholds = 64;
// Of rows: for one thread, at least, and between two looks at the interrupt.
constexpr std::size_t kRowBlock = 1 << 13;
// Blocks have groups of their own; this bounds their number.
constexpr std::size_t kMaxBlocks = 64;
constexpr std::size_t kShiftRows = 16;

// The mean label of the first rows. Bad indices are found later.
double label_shift(std::span<const std::uint32_t> indices, std::uint64_t n_rows, const float* labels) {
  double sum = 0;
  const std::size_t n = std::min(indices.size(), kShiftRows);
  for (std::size_t i = 0; i < n; ++i) sum += indices[i] < n_rows ? labels[indices[i]] : 0;
  return sum / static_cast<double>(n);
}

std::unexpected<GpuError> first_bad_index(std::span<const std::uint32_t> indices, std::uint64_t n_rows) {
  const auto bad = std::ranges::find_if(indices, [n_rows](std::uint32_t index) { return index >= n_rows; });
  if (bad == indices.end()) return gpu_error(GpuErrorCode::kernel_error, "indices changed while they were read");
  return std::unexpected(kernel_errors::bad_row(static_cast<std::uint64_t>(bad - indices.begin()), *bad, n_rows));
}

float score(const LabelSums& all, double n, const RowGroup& left) {
  const double right_count = n - left.count;
  if (left.count == 0 || right_count == 0) return std::numeric_limits<float>::infinity();
  const double right_sum = all.sum - left.sum;
  const double value = all.sum_of_squares - left.sum * left.sum / left.count - right_sum * right_sum / right_count;
  return value < 0 ? 0.0F : static_cast<float>(value);  // rounding only; NaN stays
}

// scratch.sorted becomes the thresholds in ascending order and scratch.order
// their positions. NaN is left out.
void sort_thresholds(FindSplitScratch& scratch, std::span<const float> thresholds) {
  auto& [groups, sums, order, sorted] = scratch;
  order.clear();
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    if (!std::isnan(thresholds[i])) order.push_back(static_cast<std::uint32_t>(i));
  }
  const auto value = [thresholds](std::uint32_t i) { return thresholds[i]; };
  if (!std::ranges::is_sorted(order, {}, value)) std::ranges::sort(order, {}, value);
  sorted.resize(order.size());
  std::ranges::transform(order, sorted.begin(), value);
}

// Sums `sum`, which is sum_left_sides or sum_between, over all rows, in blocks
// that depend on the sizes alone. The result lies in the first `n_groups` groups
// and in the first sums. kernel_error for a bad index or an interrupt.
template <class Sum>
GpuResult<void> sum_rows(Workers& workers, FindSplitScratch& scratch, const NodeRows& rows,
                         std::span<const float> thresholds, std::size_t n_groups, const Sum& sum) {
  const std::size_t n = rows.indices.size();
  const std::size_t block = std::max({kRowBlock, n / kMaxBlocks + 1, 4 * n_groups});
  const std::size_t n_blocks = n == 0 ? 0 : (n - 1) / block + 1;
  auto& [groups, sums, order, sorted] = scratch;
  groups.assign(std::max<std::size_t>(n_blocks, 1) * n_groups, RowGroup());
  sums.assign(std::max<std::size_t>(n_blocks, 1), LabelSums());

  std::atomic<bool> failed = false;
  const bool finished = workers.for_blocks(n, block, [&](std::size_t begin, std::size_t end) {
    const std::size_t number = begin / block;
    Poll poll = workers.poll();
    for (; begin < end && !failed && !poll.stop(kRowBlock); begin += kRowBlock) {
      NodeRows some = rows;
      some.indices = rows.indices.subspan(begin, std::min(kRowBlock, end - begin));
      if (!sum(some, thresholds, groups.data() + number * n_groups, sums[number])) failed = true;
    }
  });
  if (!finished) return interrupted();
  if (failed) return first_bad_index(rows.indices, rows.n_rows);

  for (std::size_t i = 1; i < n_blocks; ++i) {
    sums[0].sum += sums[i].sum;
    sums[0].sum_of_squares += sums[i].sum_of_squares;
    for (std::size_t j = 0; j < n_groups; ++j) {
      groups[j].count += groups[i * n_groups + j].count;
      groups[j].sum += groups[i * n_groups + j].sum;
    }
  }
  return {};
}

GpuResult<void> score_block(Workers& workers, FindSplitScratch& scratch, const NodeRows& rows,
                            std::span<const float> thresholds, std::span<float> scores) {
  const auto n = static_cast<double>(rows.indices.size());
  if (thresholds.size() <= kFewThresholds) {
    auto result = sum_rows(workers, scratch, rows, thresholds, thresholds.size(), sum_left_sides);
    if (!result) return result;
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = score(scratch.sums[0], n, scratch.groups[i]);
    return {};
  }
  sort_thresholds(scratch, thresholds);
  auto result = sum_rows(workers, scratch, rows, scratch.sorted, scratch.sorted.size() + 1, sum_between);
  if (!result) return result;
  std::ranges::fill(scores, std::numeric_limits<float>::infinity());  // nothing is <= NaN: the left side is empty
  RowGroup left;
  for (std::size_t i = 0; i < scratch.order.size(); ++i) {
    left.count += scratch.groups[i].count;
    left.sum += scratch.groups[i].sum;
    scores[scratch.order[i]] = score(scratch.sums[0], n, left);
  }
  return {};
}

}  // namespace

GpuResult<void> find_split(Workers& workers, FindSplitScratch& scratch, const FindSplitParams& params,
                           std::uint64_t n_rows, std::span<const float> data, std::span<const float> labels,
                           std::span<const std::uint32_t> indices, std::span<const float> thresholds,
                           std::span<float> output_scores) {
  indices = indices.first(params.n_samples);
  const NodeRows rows{indices,           n_rows,        data.data() + params.feature_idx,
                      params.n_features, labels.data(), label_shift(indices, n_rows, labels.data())};
  std::size_t begin = 0;
  do {  // once where there are no thresholds: the indices are checked all the same
    const std::size_t size = std::min(kThresholdBlock, params.n_thresholds - begin);
    auto result =
        score_block(workers, scratch, rows, thresholds.subspan(begin, size), output_scores.subspan(begin, size));
    if (!result) return result;
    begin += size;
  } while (begin < params.n_thresholds);
  return {};
}

}  // namespace gpu_host::cpu
