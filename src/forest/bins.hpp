// The bins of a feature (docs/forest-numerics.md, 1).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "util/large_array.hpp"

namespace gpu_host::forest {

inline constexpr std::uint32_t kMostBins = 255;  // coarse ones
inline constexpr std::uint8_t kMissing = 255;    // the coarse bin of a missing value
inline constexpr std::uint32_t kMostFineBins = 256;

struct BinCode {
  std::uint8_t coarse;
  std::uint8_t fine;  // within the coarse bin; 0 of a missing value
};

// What bins are found with, of one feature after the other.
struct BinScratch {
  // Distinct values, each with its number of occurrences.
  struct Run {
    float value;
    std::uint32_t count;
  };
  LargeVector<Run> runs;
  LargeVector<std::uint32_t> keys;  // in the order of the values
  LargeVector<std::uint32_t> sorted;
};

class FeatureBins {
 public:
  FeatureBins() = default;
  // Of `values`, without NaN, in any order, which are sorted. At most `max_bins` coarse bins, up to kMostBins.
  FeatureBins(std::span<float> values, std::uint32_t max_bins, bool fine, BinScratch& scratch);

  // Of each value its bin.
  void find(std::span<const float> values, std::span<BinCode> codes) const;
  [[nodiscard]] BinCode code(float value) const {
    BinCode code{};
    find({&value, 1}, {&code, 1});
    return code;
  }
  [[nodiscard]] std::uint32_t n_coarse() const { return static_cast<std::uint32_t>(first_.size()) - 1; }
  // Fine bins are numbered through: of a coarse bin from first(coarse) to before first(coarse + 1).
  [[nodiscard]] std::uint32_t first(std::uint32_t coarse) const { return first_[coarse]; }
  [[nodiscard]] bool is_divided(std::uint32_t coarse) const { return first_[coarse + 1] - first_[coarse] > 1; }
  // Whether any coarse bin is.
  [[nodiscard]] bool has_fine() const { return edges_.size() + 2 > first_.size(); }
  // Between the fine bins `bin` and bin + 1: their values are at most, and above, this.
  [[nodiscard]] float edge(std::uint32_t bin) const { return edges_[bin]; }

  // What it holds.
  [[nodiscard]] std::uint64_t bytes() const {
    return sizeof(FeatureBins) + (edges_.capacity() + coarse_edges_.capacity()) * sizeof(float) +
           first_.capacity() * sizeof(std::uint32_t);
  }

 private:
  LargeVector<float> edges_;         // between fine bins
  std::vector<float> coarse_edges_;  // between coarse bins; infinity up to 256
  std::vector<std::uint32_t> first_{0, 0};
};

}  // namespace gpu_host::forest
