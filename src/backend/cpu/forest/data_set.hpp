// The rows that trees are grown from, as the CPU reads them: a record for each row with the coarse bins of all
// features and the target, so that one line of the cache serves a node that looks at several features; and one of
// the fine bins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <vector>

#include "backend/cpu/parallel.hpp"
#include "forest/bins.hpp"
#include "forest/targets.hpp"
#include "util/large_array.hpp"

namespace gpu_host::cpu {

// Bins are made of so many rows at most.
inline constexpr std::uint32_t kMostSampledRows = 1U << 18U;

// What a data set is made of. Spans are read while it is made, and not kept.
struct DataSetSource {
  std::uint32_t n_rows = 0;
  std::uint32_t n_features = 0;
  std::uint32_t n_classes = 0;  // 0: regression
  // Writes the values of a feature for rows [begin, end); NaN is missing. Called by several threads at a time.
  std::function<void(std::uint32_t feature, std::size_t begin, std::size_t end, float* to)> values;
  std::span<const double> targets;                 // of a regression
  std::span<const std::uint32_t> classes;          // of a classification, below n_classes
  std::span<const double> draw_weights = {};       // empty: 1 each
  std::span<const double> criterion_weights = {};  // the same; only for trees without bootstrap
  std::uint32_t max_bins = forest::kMostBins;
  bool fine = true;
  std::uint64_t seed = 0;  // of the sample that bins are made of
};

class DataSet {
 public:
  // Half made where the workers were told to stop.
  DataSet(const DataSetSource& source, Workers& workers);

  [[nodiscard]] std::uint32_t n_rows() const { return n_rows_; }
  [[nodiscard]] std::uint32_t n_features() const { return static_cast<std::uint32_t>(bins_.size()); }
  [[nodiscard]] std::uint32_t n_classes() const { return n_classes_; }
  [[nodiscard]] const forest::FeatureBins& bins(std::uint32_t feature) const { return bins_[feature]; }

  // The coarse bins of all features.
  [[nodiscard]] const std::uint8_t* record(std::uint32_t row) const { return &records_[row * stride_]; }
  // p, or the class.
  [[nodiscard]] std::int32_t target(std::uint32_t row) const {
    std::int32_t target = 0;
    std::memcpy(&target, record(row) + stride_ - sizeof(target), sizeof(target));
    return target;
  }
  // The fine bins of all features, within the coarse ones.
  [[nodiscard]] const std::uint8_t* fine_record(std::uint32_t row) const {
    return &fine_records_[std::size_t{row} * bins_.size()];
  }

  [[nodiscard]] const forest::Targets& targets() const { return targets_; }  // without p
  // Of the draw weights of the rows up to each. Empty: all weigh the same.
  [[nodiscard]] std::span<const std::uint64_t> draw_sums() const { return draw_sums_; }
  [[nodiscard]] bool can_be_drawn(std::uint32_t row) const {
    return draw_sums_.empty() || draw_sums_[row] > (row == 0 ? 0 : draw_sums_[row - 1]);
  }
  // Empty: 1 each.
  [[nodiscard]] std::span<const std::uint32_t> criterion_weights() const { return criterion_weights_; }

  // What it holds.
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  void find_bins(const DataSetSource& source, std::span<const std::uint64_t> draws, Workers& workers);
  void write_records(const DataSetSource& source, std::span<const std::int32_t> targets, Workers& workers);

  std::uint32_t n_rows_;
  std::uint32_t n_classes_;
  std::size_t stride_;
  std::vector<forest::FeatureBins> bins_;
  // Not cleared before they are written.
  LargeArray<std::uint8_t> records_;
  LargeArray<std::uint8_t> fine_records_;
  forest::Targets targets_;
  std::vector<std::uint64_t> draw_sums_;
  std::vector<std::uint32_t> criterion_weights_;
};

}  // namespace gpu_host::cpu
