// Records of wasi:gpu/forest as the canonical ABI lays them out in a module's memory. Those of forest_types.hpp without
// options and lists lie in memory as they should already.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "wasi_gpu/detail/canonical_abi.hpp"
#include "wasi_gpu/forest_types.hpp"

namespace wasi_gpu::detail {

static_assert(sizeof(forest::Columns) == 40 && offsetof(forest::Columns, n_columns) == 32);
static_assert(sizeof(forest::Numbers) == 24 && offsetof(forest::Numbers, stride) == 16);
static_assert(sizeof(forest::OpenNode) == 32 && offsetof(forest::OpenNode, impurity) == 24);
static_assert(sizeof(forest::Split) == 12 && offsetof(forest::Split, missing_left) == 8);
static_assert(sizeof(forest::FoundSplit) == 32 && offsetof(forest::FoundSplit, decrease) == 16);
static_assert(sizeof(forest::NodeFeature) == 8);
static_assert(sizeof(forest::ValueRange) == 12);
static_assert(sizeof(forest::Candidate) == 16 && offsetof(forest::Candidate, split) == 4);
static_assert(sizeof(forest::ModelShape) == 40 && offsetof(forest::ModelShape, n_outputs) == 12 &&
              offsetof(forest::ModelShape, has_weights) == 32 && offsetof(forest::ModelShape, numerics) == 36);

template <class T>
struct RawOption {
  std::uint8_t is_some = 0;
  T value = {};

  RawOption() = default;
  explicit RawOption(const std::optional<T>& option) : is_some(option.has_value()), value(option.value_or(T())) {}
  [[nodiscard]] std::optional<T> get() const { return is_some != 0 ? std::optional(value) : std::nullopt; }
};
static_assert(sizeof(RawOption<forest::FoundSplit>) == 40);

struct RawDecision {
  std::uint32_t node;
  RawOption<forest::Split> split;
};
static_assert(sizeof(RawDecision) == 20 && offsetof(RawDecision, split) == 4);

struct RawDataSetParams {
  std::uint32_t n_rows;
  RawList features;
  forest::Numbers targets;
  std::uint32_t n_classes;
  RawOption<forest::Numbers> draw_weights;
  RawOption<forest::Numbers> criterion_weights;
  std::uint32_t max_bins;
  std::uint8_t fine_bins;
  std::uint64_t seed;
};
static_assert(sizeof(RawDataSetParams) == 128 && offsetof(RawDataSetParams, features) == 4 &&
              offsetof(RawDataSetParams, draw_weights) == 48 && offsetof(RawDataSetParams, max_bins) == 112 &&
              offsetof(RawDataSetParams, seed) == 120);

struct RawShapeResult {  // result<model-shape, gpu-error>
  std::uint8_t is_error;
  union {
    forest::ModelShape shape = {};
    RawError error;
  };
};
static_assert(sizeof(RawShapeResult) == 48 && offsetof(RawShapeResult, error) == 8);

struct RawSizeResult {  // result<u64, gpu-error>
  std::uint8_t is_error;
  union {
    std::uint64_t size = 0;
    RawError error;
  };
};
static_assert(sizeof(RawSizeResult) == 24 && offsetof(RawSizeResult, error) == 8);

}  // namespace wasi_gpu::detail
