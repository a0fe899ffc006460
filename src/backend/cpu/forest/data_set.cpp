#include "backend/cpu/forest/data_set.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "forest/threefry.hpp"

namespace gpu_host::cpu {
namespace {

// Bins are made of so many rows at most.
constexpr std::uint64_t kSample = std::uint64_t{1} << 18U;
constexpr std::size_t kRowsAtOnce = 1024;

std::vector<std::uint32_t> sampled_rows(std::uint64_t n, std::span<const std::uint64_t> draws, std::uint64_t seed) {
  const auto is_drawn = [draws](std::size_t row) { return draws.empty() || draws[row] > 0; };
  const auto n_drawn =
      draws.empty() ? n
                    : static_cast<std::uint64_t>(std::ranges::count_if(draws, [](std::uint64_t w) { return w > 0; }));
  std::vector<std::uint32_t> rows;
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
  std::vector<std::int32_t> targets;
  if (n_classes_ > 0) {
    targets.assign(source.classes.begin(), source.classes.end());
  } else {
    targets_ = forest::targets_of(source.targets, draws);
    targets = std::move(targets_.p);
    targets_.p.clear();
  }
  find_bins(source, draws, workers);
  if (!workers.stop()) write_records(source, targets, workers);
}

std::uint64_t DataSet::bytes() const {
  std::uint64_t bytes = records_.capacity() + fine_records_.capacity() + draw_sums_.capacity() * sizeof(std::uint64_t) +
                        criterion_weights_.capacity() * sizeof(std::uint32_t);
  for (const forest::FeatureBins& bins : bins_) bytes += bins.bytes();
  return bytes;
}

void DataSet::find_bins(const DataSetSource& source, std::span<const std::uint64_t> draws, Workers& workers) {
  const std::vector<std::uint32_t> sample = sampled_rows(n_rows_, draws, source.seed);
  (void)workers.for_blocks(bins_.size(), 1, [&](std::size_t first, std::size_t end) {
    std::vector<float> values;
    for (std::size_t feature = first; feature < end; ++feature) {
      values.clear();
      std::array<float, kRowsAtOnce> block;
      std::size_t begin = 0;
      std::size_t read = 0;
      for (const std::uint32_t row : sample) {  // ascending
        if (row >= read) {
          begin = row / kRowsAtOnce * kRowsAtOnce;
          read = std::min<std::size_t>(begin + kRowsAtOnce, n_rows_);
          source.values(static_cast<std::uint32_t>(feature), begin, read, block.data());
        }
        const float value = block[row - begin];
        if (!std::isnan(value)) values.push_back(value);
      }
      bins_[feature] = forest::FeatureBins(values, source.max_bins, source.fine);
    }
  });
}

void DataSet::write_records(const DataSetSource& source, std::span<const std::int32_t> targets, Workers& workers) {
  records_.resize(n_rows_ * stride_);
  fine_records_.resize(std::size_t{n_rows_} * n_features());
  (void)workers.for_blocks(n_rows_, kRowsAtOnce, [&](std::size_t first, std::size_t last) {
    std::array<float, kRowsAtOnce> values;
    std::array<forest::BinCode, kRowsAtOnce> codes;
    for (std::size_t begin = first; begin < last; begin += kRowsAtOnce) {
      const std::size_t end = std::min(begin + kRowsAtOnce, last);
      for (std::uint32_t feature = 0; feature < n_features(); ++feature) {
        source.values(feature, begin, end, values.data());
        bins_[feature].find(std::span(values).first(end - begin), codes);
        for (std::size_t row = begin; row < end; ++row) {
          const forest::BinCode code = codes[row - begin];
          records_[row * stride_ + feature] = code.coarse;
          fine_records_[row * n_features() + feature] = code.fine;
        }
      }
      for (std::size_t row = begin; row < end; ++row) {
        std::memcpy(&records_[(row + 1) * stride_ - sizeof(std::int32_t)], &targets[row], sizeof(std::int32_t));
      }
    }
  });
}

}  // namespace gpu_host::cpu
