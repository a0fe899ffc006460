#include "categories_order.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace wasm_ml {
namespace {

// What is averaged: of a classification, whether a row is of one class.
class Scores {
 public:
  explicit Scores(const TrainingSet& set) : set_(set) {
    if (set.classes.size() < 3) return;
    std::vector<std::size_t> counts(set.classes.size());
    for (const float target : set.targets) ++counts[static_cast<std::size_t>(target)];
    frequent_ = static_cast<float>(std::ranges::max_element(counts) - counts.begin());
  }

  // Of two classes the numbers, 0 and 1, do.
  [[nodiscard]] double of(std::uint32_t row) const {
    const float target = set_.targets[row];
    if (set_.classes.size() < 3) return double{target};
    return target == frequent_ ? 1 : 0;
  }

 private:
  const TrainingSet& set_;
  float frequent_ = 0;
};

void order_categories_of(TrainingSet& set, std::uint32_t feature, const Scores& scores) {
  std::vector<std::string>& texts = set.feature_types[feature].categories;
  std::vector<double> sums(texts.size());
  std::vector<double> counts(texts.size());
  for (std::uint32_t row = 0; row < set.n_rows; ++row) {
    const float code = set.value(row, feature);
    if (std::isnan(code)) continue;
    sums[static_cast<std::size_t>(code)] += scores.of(row);
    counts[static_cast<std::size_t>(code)] += 1;
  }
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] /= counts[i];
  std::vector<float> codes(texts.size());
  std::vector<std::string> ordered;
  ordered.reserve(texts.size());
  for (const std::size_t i : ordered_places(texts, sums)) {
    codes[i] = static_cast<float>(ordered.size());
    ordered.push_back(std::move(texts[i]));
  }
  texts = std::move(ordered);
  for (std::size_t i = feature; i < set.features.size(); i += set.n_features()) {
    if (!std::isnan(set.features[i])) set.features[i] = codes[static_cast<std::size_t>(set.features[i])];
  }
}

}  // namespace

std::vector<std::size_t> ordered_places(std::span<const std::string> texts, std::span<const double> keys) {
  std::vector<std::size_t> places(texts.size());
  std::iota(places.begin(), places.end(), 0);
  const auto is_less = [&](std::size_t a, std::size_t b) {
    return keys[a] != keys[b] ? keys[a] < keys[b] : texts[a] < texts[b];
  };
  // A tenth of std::sort's code.
  std::ranges::make_heap(places, is_less);
  std::ranges::sort_heap(places, is_less);
  return places;
}

void order_categories(TrainingSet& set) {
  const Scores scores(set);
  for (std::uint32_t feature = 0; feature < set.n_features(); ++feature) {
    if (!set.feature_types[feature].categories.empty()) order_categories_of(set, feature, scores);
  }
}

}  // namespace wasm_ml
