// Thresholds in ascending order cut the rows into buckets. One binary search puts
// a row into its bucket, and running sums over the buckets then give both sides
// of every threshold: (rows + thresholds) * log(thresholds) instead of their
// product. Labels are taken relative to the node's mean, in double, so that
//   sum of squared deviations = sum of squares - (sum)^2 / count
// does not cancel when the labels have a large common offset.
#include <algorithm>
#include <limits>
#include <numeric>

#include "backend/cpu/kernels.hpp"

namespace gpu_host::cpu {
namespace {

using Bucket = FindSplitScratch::Bucket;

// Bounds the scratch, whatever a guest asks for; a guest has fewer as a rule.
constexpr std::size_t kThresholdBlock = 1 << 16;

// What the blocks of thresholds share.
struct Rows {
  std::span<const std::uint32_t> indices;  // of the node's rows, all in range
  const float* column;                     // the feature of row 0
  std::size_t stride;
  const float* labels;
  double mean_label;
};

GpuResult<double> mean_label(Poll& poll, std::span<const std::uint32_t> indices, std::uint64_t n_rows,
                             const float* labels) {
  double sum = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (poll.stop()) return interrupted();
    if (indices[i] >= n_rows) {
      return gpu_error(GpuErrorCode::kernel_error, "indices[" + std::to_string(i) +
                                                       "] = " + std::to_string(indices[i]) +
                                                       " is not a row: there are " + std::to_string(n_rows));
    }
    sum += labels[indices[i]];
  }
  return sum / static_cast<double>(indices.size());
}

// False where there is a NaN.
bool is_ascending(std::span<const float> thresholds) {
  for (std::size_t i = 1; i < thresholds.size(); ++i) {
    if (!(thresholds[i - 1] <= thresholds[i])) return false;
  }
  return thresholds[0] == thresholds[0];
}

// How many of `sorted` are below x: the first threshold that x is not above. Has
// no branch that depends on the data. NaN is above all.
std::size_t bucket_of(std::span<const float> sorted, float x) {
  if (x != x) return sorted.size();
  const float* at = sorted.data();
  std::size_t size = sorted.size();
  while (size > 1) {
    const std::size_t half = size / 2;
    at += static_cast<std::size_t>(at[half - 1] < x) * half;
    size -= half;
  }
  return static_cast<std::size_t>(at - sorted.data()) + static_cast<std::size_t>(size == 1 && *at < x);
}

// Fills buckets[0 … sorted.size()]; false when it was stopped.
bool fill_buckets(Poll& poll, const Rows& rows, std::span<const float> sorted, std::span<Bucket> buckets) {
  std::fill(buckets.begin(), buckets.end(), Bucket{});
  for (const std::uint32_t row : rows.indices) {
    if (poll.stop()) return false;
    const double label = rows.labels[row] - rows.mean_label;
    Bucket& bucket = buckets[bucket_of(sorted, rows.column[row * rows.stride])];
    bucket.sum += label;
    bucket.sum_of_squares += label * label;
    ++bucket.count;
  }
  return true;
}

// Calls give(i, score) for the i-th threshold in ascending order.
template <class Give>
void score_buckets(std::span<const Bucket> buckets, const Give& give) {
  Bucket total{};
  for (const Bucket& bucket : buckets) {
    total.sum += bucket.sum;
    total.sum_of_squares += bucket.sum_of_squares;
    total.count += bucket.count;
  }
  double left_sum = 0;
  std::uint64_t left_count = 0;
  for (std::size_t i = 0; i + 1 < buckets.size(); ++i) {
    left_sum += buckets[i].sum;
    left_count += buckets[i].count;
    const double right_sum = total.sum - left_sum;
    const std::uint64_t right_count = total.count - left_count;
    if (left_count == 0 || right_count == 0) {
      give(i, std::numeric_limits<float>::infinity());
      continue;
    }
    const double score = total.sum_of_squares - left_sum * left_sum / static_cast<double>(left_count) -
                         right_sum * right_sum / static_cast<double>(right_count);
    give(i, score < 0 ? 0.0F : static_cast<float>(score));  // rounding only; NaN stays
  }
}

// False when it was stopped.
bool score_block(Poll& poll, FindSplitScratch& scratch, const Rows& rows, std::span<const float> thresholds,
                 std::span<float> scores) {
  if (scratch.buckets.size() <= thresholds.size()) scratch.buckets.resize(thresholds.size() + 1);
  if (is_ascending(thresholds)) {
    const auto buckets = std::span(scratch.buckets).first(thresholds.size() + 1);
    if (!fill_buckets(poll, rows, thresholds, buckets)) return false;
    score_buckets(buckets, [scores](std::size_t i, float score) { scores[i] = score; });
    return true;
  }
  // Nothing is <= NaN: the left side is empty. What is left can be sorted.
  scratch.order.clear();
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    scores[i] = std::numeric_limits<float>::infinity();
    if (thresholds[i] == thresholds[i]) scratch.order.push_back(static_cast<std::uint32_t>(i));
  }
  const auto& order = scratch.order;
  std::sort(scratch.order.begin(), scratch.order.end(),
            [thresholds](std::uint32_t a, std::uint32_t b) { return thresholds[a] < thresholds[b]; });
  scratch.sorted.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) scratch.sorted[i] = thresholds[order[i]];
  const auto buckets = std::span(scratch.buckets).first(order.size() + 1);
  if (!fill_buckets(poll, rows, scratch.sorted, buckets)) return false;
  score_buckets(buckets, [scores, &order](std::size_t i, float score) { scores[order[i]] = score; });
  return true;
}

}  // namespace

GpuResult<void> find_split(Poll poll, FindSplitScratch& scratch, const FindSplitParams& params, std::uint64_t n_rows,
                           std::span<const float> data, std::span<const float> labels,
                           std::span<const std::uint32_t> indices, std::span<const float> thresholds,
                           std::span<float> output_scores) {
  indices = indices.first(params.n_samples);
  const auto mean = mean_label(poll, indices, n_rows, labels.data());
  if (!mean) return std::unexpected(mean.error());
  const Rows rows{indices, data.data() + params.feature_idx, params.n_features, labels.data(), *mean};

  for (std::size_t begin = 0; begin < params.n_thresholds; begin += kThresholdBlock) {
    const std::size_t size = std::min(kThresholdBlock, params.n_thresholds - begin);
    if (poll.stop(size)) return interrupted();
    if (!score_block(poll, scratch, rows, thresholds.subspan(begin, size), output_scores.subspan(begin, size))) {
      return interrupted();
    }
  }
  return {};
}

}  // namespace gpu_host::cpu
