#include "backend/cpu/forest/forest_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "backend/cpu/forest/source.hpp"

namespace gpu_host::cpu {
namespace {

// Weights beyond it would overflow where they are scaled.
constexpr double kLargestWeight = 0x1p900;

std::unexpected<GpuError> invalid(std::string message) {
  return gpu_error(GpuErrorCode::invalid_params, std::move(message));
}

GpuResult<void> check_weights(std::string_view name, std::span<const double> weights) {
  bool any = false;
  for (std::size_t row = 0; row < weights.size(); ++row) {
    const double weight = weights[row];
    if (!(weight >= 0 && weight <= kLargestWeight)) {
      return invalid(fmt::format("{}: row {}: {} is not a number from 0 to {:g}", name, row, weight, kLargestWeight));
    }
    any |= weight > 0;
  }
  if (!any && !weights.empty()) return invalid(fmt::format("{}: all are 0", name));
  return {};
}

GpuResult<void> check_together(std::span<const double> draws, std::span<const double> criterion) {
  if (draws.empty() || criterion.empty()) return {};
  for (std::size_t row = 0; row < draws.size(); ++row) {
    if (draws[row] > 0 && criterion[row] > 0) return {};
  }
  return invalid("criterion-weights: all are 0 where draw-weights are not");
}

GpuResult<void> check_targets(std::span<const double> targets) {
  const auto most = static_cast<double>(std::numeric_limits<float>::max());
  for (std::size_t row = 0; row < targets.size(); ++row) {
    if (std::abs(targets[row]) <= most) continue;
    return invalid(fmt::format("targets: row {}: {} is not a finite f32", row, targets[row]));
  }
  return {};
}

GpuResult<LargeVector<std::uint32_t>> classes_of(std::span<const double> targets, std::uint32_t n_classes) {
  LargeVector<std::uint32_t> classes(targets.size());
  for (std::size_t row = 0; row < targets.size(); ++row) {
    const double target = targets[row];
    if (!(target >= 0 && target < n_classes && target == std::trunc(target))) {
      return invalid(
          fmt::format("targets: row {}: {} is not a class, a whole number below {}", row, target, n_classes));
    }
    classes[row] = static_cast<std::uint32_t>(target);
  }
  return classes;
}

// Reads features, and keeps the first place of a value that is infinite as f32.
class CheckedColumns {
 public:
  explicit CheckedColumns(const std::vector<ForestColumns>& blocks) : columns_(blocks) {}

  void read(std::uint32_t column, std::size_t begin, std::size_t end, float* to) {
    columns_.read(column, begin, end, to);
    bool is_good = true;
    for (std::size_t i = 0; i < end - begin; ++i) is_good &= !std::isinf(to[i]);
    if (is_good) return;
    const auto* const bad = std::find_if(to, to + (end - begin), [](float value) { return std::isinf(value); });
    const std::uint64_t place = std::uint64_t{begin + static_cast<std::size_t>(bad - to)} << 32U | column;
    std::uint64_t first = first_bad_.load();
    while (place < first && !first_bad_.compare_exchange_weak(first, place)) continue;
  }

  [[nodiscard]] std::uint32_t size() const { return columns_.size(); }
  [[nodiscard]] GpuResult<void> check() const {
    const std::uint64_t bad = first_bad_.load();
    if (bad == kNone) return {};
    const auto column = static_cast<std::uint32_t>(bad);
    const std::uint64_t row = bad >> 32U;
    return invalid(
        fmt::format("features: row {}, column {}: {} is infinite as f32", row, column, columns_.exact(column, row)));
  }

 private:
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  Columns columns_;
  std::atomic<std::uint64_t> first_bad_ = kNone;  // its row, then its column
};

// What a data set takes at most while it is made.
std::uint64_t bytes_to_make(const ForestDataParams& params, std::uint64_t n_features, std::uint32_t n_threads) {
  constexpr std::uint64_t kPerRow = 48;        // targets and weights as they are read, sorted, and as integers
  constexpr std::uint64_t kPerRecord = 24;     // the target, and what records are rounded up to
  constexpr std::uint64_t kPerFeature = 4096;  // edges of coarse bins
  constexpr std::uint64_t kPerEdge = 8;        // with the room of a vector that grows
  constexpr std::uint64_t kPerSampled = 32;    // values of a feature, sorted and counted
  const std::uint64_t read = sizeof(float) * std::min<std::uint64_t>(n_features, 16);
  const std::uint64_t n_edges = params.fine_bins ? std::min(params.n_rows, 1U << 16U) : 0;
  return params.n_rows * (2 * n_features + kPerRecord + kPerRow) + n_features * (kPerFeature + kPerEdge * n_edges) +
         std::min(params.n_rows, kMostSampledRows) * (kPerSampled + read) * n_threads;
}

}  // namespace

GpuResult<std::shared_ptr<const CpuForestData>> CpuForestData::create(const ForestDataParams& params,
                                                                      MemoryBudget& budget, Workers& workers) {
  CheckedColumns columns(params.features);
  MemoryCharge charge(budget);
  if (auto taken = charge.set(bytes_to_make(params, columns.size(), workers.threads())); !taken)
    return std::unexpected(taken.error());

  const auto weights = [&](const std::optional<ForestNumbers>& from) {
    return from ? read_numbers(*from, params.n_rows) : LargeVector<double>();
  };
  const LargeVector<double> draws = weights(params.draw_weights);
  const LargeVector<double> criterion = weights(params.criterion_weights);
  if (auto good = check_weights("draw-weights", draws); !good) return std::unexpected(good.error());
  if (auto good = check_weights("criterion-weights", criterion); !good) return std::unexpected(good.error());
  if (auto good = check_together(draws, criterion); !good) return std::unexpected(good.error());
  if (workers.stop()) return interrupted();
  LargeVector<double> targets = read_numbers(params.targets, params.n_rows);
  LargeVector<std::uint32_t> classes;
  if (params.n_classes > 0) {
    auto found = classes_of(targets, params.n_classes);
    if (!found) return std::unexpected(std::move(found.error()));
    classes = *std::move(found);
    targets.clear();
  } else if (auto good = check_targets(targets); !good) {
    return std::unexpected(good.error());
  }
  if (workers.stop()) return interrupted();

  const DataSetSource source{
      .n_rows = params.n_rows,
      .n_features = columns.size(),
      .n_classes = params.n_classes,
      .values = [&columns](std::uint32_t feature, std::size_t begin, std::size_t end,
                           float* to) { columns.read(feature, begin, end, to); },
      .targets = targets,
      .classes = classes,
      .draw_weights = draws,
      .criterion_weights = criterion,
      .max_bins = params.max_bins,
      .fine = params.fine_bins,
      .seed = params.seed,
  };
  auto data = std::make_shared<CpuForestData>(source, std::move(charge), workers);
  if (workers.stop()) return interrupted();
  if (auto good = columns.check(); !good) return std::unexpected(good.error());
  data->charge_.lower_to(std::min(data->charge_.bytes(), data->rows_.bytes()));
  return data;
}

std::vector<std::uint32_t> CpuForestData::constant_features() const {
  std::vector<std::uint32_t> features;
  for (std::uint32_t feature = 0; feature < rows_.n_features(); ++feature) {
    const forest::FeatureBins& bins = rows_.bins(feature);
    if (bins.first(bins.n_coarse()) < 2) features.push_back(feature);
  }
  return features;
}

}  // namespace gpu_host::cpu
