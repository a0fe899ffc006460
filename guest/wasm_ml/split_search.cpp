#include "split_search.hpp"

#include <utility>

#include "split_candidates.hpp"
#include "wasi_gpu/kernels.hpp"

namespace wasm_ml {

using wasi_gpu::Buffer;

Result<SplitSearch> SplitSearch::create(const TrainingSet& set) {
  SplitSearch search;
  search.n_rows_ = set.n_rows;
  search.n_features_ = set.n_features();
  auto table = Buffer::from(set.features);
  auto labels = Buffer::from(set.targets);
  auto rows = Buffer::create_for<std::uint32_t>(set.n_rows);
  auto thresholds = Buffer::create_for<float>(kMaxThresholds);
  auto scores = Buffer::create_for<float>(kMaxThresholds);
  for (auto* buffer : {&table, &labels, &rows, &thresholds, &scores}) {
    if (!*buffer) return fail_device("putting the training data on the device", buffer->error());
  }
  search.table_ = std::move(*table);
  search.labels_ = std::move(*labels);
  search.rows_ = std::move(*rows);
  search.thresholds_ = std::move(*thresholds);
  search.scores_ = std::move(*scores);
  return search;
}

Result<void> SplitSearch::draw_rows(std::uint32_t seed, std::span<std::uint32_t> rows) {
  const auto n = static_cast<std::uint32_t>(rows.size());
  auto drawn = wasi_gpu::bootstrap_sample({.n_samples = n, .seed = seed, .max_index = n_rows_}, rows_);
  if (drawn) drawn = rows_.read(rows);
  if (!drawn) return fail_device("drawing a tree's rows", drawn.error());
  return {};
}

Result<void> SplitSearch::set_node(std::span<const std::uint32_t> rows) {
  n_node_rows_ = static_cast<std::uint32_t>(rows.size());
  if (auto written = rows_.write(rows); !written) return fail_device("writing a node's rows", written.error());
  return {};
}

Result<void> SplitSearch::score(std::uint32_t feature, std::span<const float> thresholds, std::span<float> scores) {
  auto done = thresholds_.write(thresholds);
  if (done) {
    done = wasi_gpu::find_split({.n_samples = n_node_rows_,
                                 .n_features = n_features_,
                                 .feature_idx = feature,
                                 .n_thresholds = static_cast<std::uint32_t>(thresholds.size())},
                                table_, labels_, rows_, thresholds_, scores_);
  }
  if (done) done = scores_.read(scores);
  if (!done) return fail_device("scoring splits", done.error());
  return {};
}

}  // namespace wasm_ml
