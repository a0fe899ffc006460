#include "backend/cpu/forest/data_set.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "forest/threefry.hpp"
#include "util/large_array.hpp"

namespace gpu_host::cpu {
namespace {

constexpr std::uint64_t kSample = kMostSampledRows;
// Features that are read together, and rows of which one is read after the other: where a row's values are next to each
// other, its lines stay in the cache from one to the next.
constexpr std::uint32_t kFeaturesAtOnce = 16;
constexpr std::size_t kRowsARead = 128;

// Rows of which a thread finds the bins, feature by feature: many, as a feature's edges may fill a cache.
std::size_t rows_at_once(std::size_t n) { return std::clamp<std::size_t>(n / 8, 1 << 12U, 1 << 15U); }

LargeVector<std::uint32_t> sampled_rows(std::uint64_t n, std::span<const std::uint64_t> draws, std::uint64_t seed) {
  const auto is_drawn = [draws](std::size_t row) { return draws.empty() || draws[row] > 0; };
  const auto n_drawn =
      draws.empty() ? n
                    : static_cast<std::uint64_t>(std::ranges::count_if(draws, [](std::uint64_t w) { return w > 0; }));
  LargeVector<std::uint32_t> rows;
  rows.reserve(std::min(n_drawn, kSample));
  for (std::uint64_t i = 0; i < (n_drawn > kSample ? kSample : n); ++i) {
    std::uint64_t row = i;
    if (n_drawn > kSample) {
      // ⌊(i + u) · n / 2^18⌋ of u = word / 2^32.
      const std::uint64_t word =
          forest::threefry(forest::key_of_seed(seed), static_cast<std::uint32_t>(i), forest::Purpose::sample).low;
      __extension__ using Wide = unsigned __int128;
      row = static_cast<std::uint64_t>((Wide{i} << 32U | word) * n >> 50U);
    }
    if (is_drawn(row)) rows.push_back(static_cast<std::uint32_t>(row));
  }
  return rows;
}

// Of each of the features [first, end), the values that are not missing. Not all where the workers were told to stop.
std::vector<LargeVector<float>> sampled_values(const DataSetSource& source, std::span<const std::uint32_t> sample,
                                               std::uint32_t first, std::uint32_t end, const Workers& workers) {
  constexpr std::uint32_t kGap = 4;  // rows that are read rather than left out
  std::vector<LargeVector<float>> values(end - first);
  for (auto& of_feature : values) of_feature.reserve(sample.size());
  for (std::size_t i = 0; i < sample.size() && !workers.stop();) {
    const std::size_t begin = sample[i];
    std::size_t next = i + 1;
    while (next < sample.size() && sample[next] - sample[next - 1] <= kGap && sample[next] - begin < kRowsARead) ++next;
    for (std::uint32_t feature = first; feature < end; ++feature) {
      std::array<float, kRowsARead> read;
      source.values(feature, begin, std::size_t{sample[next - 1]} + 1, read.data());
      for (std::size_t k = i; k < next; ++k) {
        const float value = read[sample[k] - begin];
        if (!std::isnan(value)) values[feature - first].push_back(value);
      }
    }
    i = next;
  }
  return values;
}

}  // namespace

DataSet::DataSet(const DataSetSource& source, Workers& workers)
    : n_rows_(source.n_rows),
      n_classes_(source.n_classes),
      stride_((std::size_t{source.n_features} + sizeof(std::int32_t) + 15) / 16 * 16),
      bins_(source.n_features),
      draw_sums_(source.draw_weights.size()),
      criterion_weights_(forest::integers_of_criterion_weights(source.criterion_weights, source.n_rows)) {
  const std::vector<std::uint64_t> draws = forest::integers_of_draw_weights(source.draw_weights);
  std::partial_sum(draws.begin(), draws.end(), draw_sums_.begin());
  LargeVector<std::int32_t> targets;
  if (n_classes_ > 0) {
    targets.assign(source.classes.begin(), source.classes.end());
  } else {
    targets_ = forest::targets_of(source.targets, draws, [&workers] { return workers.stop(); });
    targets = std::move(targets_.p);
    targets_.p.clear();
  }
  if (!workers.stop()) find_bins(source, draws, workers);
  if (!workers.stop()) write_records(source, targets, workers);
}

std::uint64_t DataSet::bytes() const {
  std::uint64_t bytes = std::uint64_t{n_rows_} * (stride_ + n_features()) +
                        draw_sums_.capacity() * sizeof(std::uint64_t) +
                        criterion_weights_.capacity() * sizeof(std::uint32_t);
  for (const forest::FeatureBins& bins : bins_) bytes += bins.bytes();
  return bytes;
}

void DataSet::find_bins(const DataSetSource& source, std::span<const std::uint64_t> draws, Workers& workers) {
  const LargeVector<std::uint32_t> sample = sampled_rows(n_rows_, draws, source.seed);
  const auto at_once = std::clamp(n_features() / (2 * workers.threads()), 1U, kFeaturesAtOnce);
  (void)workers.for_each((n_features() + at_once - 1) / at_once, [&](std::size_t group) {
    const auto first = static_cast<std::uint32_t>(group) * at_once;
    const std::uint32_t end = std::min(first + at_once, n_features());
    std::vector<LargeVector<float>> values = sampled_values(source, sample, first, end, workers);
    forest::BinScratch scratch;
    for (std::uint32_t feature = first; feature < end && !workers.stop(); ++feature) {
      bins_[feature] = forest::FeatureBins(values[feature - first], source.max_bins, source.fine, scratch);
    }
  });
}

void DataSet::write_records(const DataSetSource& source, std::span<const std::int32_t> targets, Workers& workers) {
  records_ = LargeArray<std::uint8_t>(n_rows_ * stride_);
  fine_records_ = LargeArray<std::uint8_t>(std::size_t{n_rows_} * n_features());
  const std::size_t at_once = rows_at_once(n_rows_);
  (void)workers.for_blocks(n_rows_, at_once, [&](std::size_t begin, std::size_t end) {
    LargeVector<float> values(std::min(kFeaturesAtOnce, n_features()) * (end - begin));
    LargeVector<forest::BinCode> codes(values.size());
    for (std::uint32_t first = 0; first < n_features() && !workers.stop(); first += kFeaturesAtOnce) {
      const std::uint32_t n = std::min(kFeaturesAtOnce, n_features() - first);
      for (std::size_t row = begin; row < end; row += kRowsARead) {
        for (std::uint32_t j = 0; j < n; ++j) {
          source.values(first + j, row, std::min(row + kRowsARead, end), &values[j * (end - begin) + row - begin]);
        }
      }
      for (std::uint32_t j = 0; j < n; ++j) {
        bins_[first + j].find(std::span(values).subspan(j * (end - begin), end - begin),
                              std::span(codes).subspan(j * (end - begin), end - begin));
      }
      for (std::size_t row = begin; row < end; ++row) {
        for (std::uint32_t j = 0; j < n; ++j) {
          const forest::BinCode code = codes[j * (end - begin) + row - begin];
          records_[row * stride_ + first + j] = code.coarse;
          fine_records_[row * n_features() + first + j] = code.fine;
        }
      }
    }
    for (std::size_t row = begin; row < end; ++row) {
      std::memcpy(&records_[(row + 1) * stride_ - sizeof(std::int32_t)], &targets[row], sizeof(std::int32_t));
    }
  });
}

}  // namespace gpu_host::cpu
